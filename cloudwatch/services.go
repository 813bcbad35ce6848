package cloudwatch

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/grafana/regexp"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/clients/tagging"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/config"
	"github.com/nerdswords/yet-another-cloudwatch-exporter/pkg/model"
)

// newer are namespaces that YACE discovers since the version whose packages these are:
// what each is called, the types of its resources in the tagging API, and which
// dimensions are parts of a resource's ARN.
var newer = []config.ServiceConfig{
	discovered("ContainerInsights", "containerinsights", "eks:cluster", `:cluster/(?P<ClusterName>[^/]+)$`),
	discovered("AWS/EKS", "eks", "eks:cluster", `:cluster/(?P<ClusterName>[^/]+)$`),
	discovered("AWS/DirectoryService", "ds", "ds:directory", `:directory/(?P<Directory_ID>[^/]+)`),
	discovered("AWS/VpcLattice", "vpc-lattice", "vpc-lattice:service", `:service/(?P<Service>[^/]+)$`),
	discovered("AWS/Network Manager", "networkmanager", "networkmanager:core-network", `:core-network/(?P<CoreNetwork>[^/]+)$`),
	discovered("/aws/sagemaker/InferenceComponents", "sagemaker-inference-components", "sagemaker:inference-component", `:inference-component/(?P<InferenceComponentName>[^/]+)$`),
	discovered("AWS/Bedrock/Agents", "bedrock-agents", "bedrock:agent-alias", `(?P<AgentAliasArn>.+)`),
	discovered("AWS/Bedrock/Guardrails", "bedrock-guardrails", "bedrock:guardrail", `(?P<GuardrailArn>.+)`),
	{Namespace: "AWS/Redshift-Serverless", ResourceFilters: aws.StringSlice([]string{"redshift-serverless:workgroup", "redshift-serverless:namespace"})},
	{Namespace: "AWS/QuickSight", Alias: "quicksight"},
	{Namespace: "AWS/Scheduler", Alias: "scheduler"},
	{Namespace: "AWS/ECR", Alias: "ecr"},
	{Namespace: "AWS/Timestream", Alias: "timestream"},
	{Namespace: "AWS/Transfer", Alias: "transfer"},
}

func discovered(namespace, alias, resource, dimensions string) config.ServiceConfig {
	return config.ServiceConfig{Namespace: namespace, Alias: alias, ResourceFilters: []*string{&resource}, DimensionRegexps: []*regexp.Regexp{regexp.MustCompile(dimensions)}}
}

// services finds a namespace by its name or by what old files call it.
func services() (byName, byAlias map[string]*config.ServiceConfig) {
	byName, byAlias = map[string]*config.ServiceConfig{}, map[string]*config.ServiceConfig{}
	for _, all := range [][]config.ServiceConfig{newer, config.SupportedServices} { // of one name YACE's own counts
		for i := range all {
			s := &all[i]
			byName[s.Namespace] = s
			if s.Alias != "" {
				byAlias[s.Alias] = s
			}
		}
	}
	return byName, byAlias
}

func serviceOf(name string) *config.ServiceConfig {
	byName, byAlias := services()
	if s := byName[name]; s != nil {
		return s
	}
	return byAlias[name]
}

// resources finds the resources of a discovery job: by YACE's client, which knows what
// the tagging API does not list, or for a namespace that it does not know by the
// tagging API alone.
func (c *clients) resources(ctx context.Context, j *Job, region string) ([]*model.TaggedResource, error) {
	job := j.discovery()
	if config.SupportedServices.GetService(j.Namespace) != nil {
		return c.tagging.GetResources(ctx, job, region)
	}
	if len(j.service.ResourceFilters) == 0 {
		return nil, nil
	}
	in := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: aws.ToStringSlice(j.service.ResourceFilters), ResourcesPerPage: aws.Int32(100)}
	for _, t := range job.SearchTags {
		in.TagFilters = append(in.TagFilters, types.TagFilter{Key: aws.String(t.Key)})
	}
	var found []*model.TaggedResource
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(c.tagged, in, func(o *resourcegroupstaggingapi.GetResourcesPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.ResourceTagMappingList {
			one := &model.TaggedResource{ARN: aws.ToString(r.ResourceARN), Namespace: j.Namespace, Region: region}
			for _, t := range r.Tags {
				one.Tags = append(one.Tags, model.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
			}
			if one.FilterThroughTags(job.SearchTags) {
				found = append(found, one)
			}
		}
		if len(found) > maxListed {
			return nil, fmt.Errorf("there are more than %d resources: use searchTags", maxListed)
		}
	}
	if len(found) == 0 {
		return nil, tagging.ErrExpectedToFindResources
	}
	return found, nil
}
