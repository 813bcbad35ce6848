/* What brings samples: scrapers, the clusters they look into, jobs that ask CloudWatch. */
export { NewScraper, ScraperPage, Scrapers } from './Scrapers';
export { ClusterPage, Clusters } from './Clusters';
export { CloudWatch } from './CloudWatch';
