// Package cloudwatch brings CloudWatch metrics of any namespace to Prometheus:
// as an exporter that takes the place of the program YACE, with its
// configuration files and the names of its series, and as scrapers that write
// each datapoint into a workspace once, at the time CloudWatch has it for.
//
// What a poll would cost is known before the first one, and what was spent is
// counted; a scraper whose day's cap is spent does not ask until the next day.
package cloudwatch
