# A whole stack for Hearth or AWS: a metrics workspace with rules, alerts to a mailbox,
# roles that write and read, and a Grafana workspace with SAML. Nothing in it is of
# Hearth: `eval "$(hearth env)"`, then terraform init and terraform apply.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

variable "alias" {
  default = "kitchen"
}

data "aws_caller_identity" "me" {}

resource "aws_prometheus_workspace" "kitchen" {
  alias = var.alias
  tags  = { team = "mika" }
}

resource "aws_prometheus_rule_group_namespace" "kitchen" {
  name         = "rules"
  workspace_id = aws_prometheus_workspace.kitchen.id
  data         = <<EOT
groups:
- name: kitchen
  rules:
  - record: node:cpu:avg
    expr: avg(rate(container_cpu_usage_seconds_total[5m]))
EOT
}

resource "aws_sns_topic" "alerts" { name = "kitchen-alerts" }

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "aps.amazonaws.com" }
      Action    = ["sns:Publish", "sns:GetTopicAttributes"]
      Resource  = aws_sns_topic.alerts.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_prometheus_workspace.kitchen.arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "mailbox" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = "dan@example.com"
}

resource "aws_prometheus_alert_manager_definition" "kitchen" {
  workspace_id = aws_prometheus_workspace.kitchen.id
  definition   = <<EOT
alertmanager_config: |
  route:
    receiver: default
  receivers:
  - name: default
    sns_configs:
    - topic_arn: ${aws_sns_topic.alerts.arn}
      sigv4:
        region: us-east-1
EOT
}

resource "aws_iam_role" "writer" {
  name               = "kitchen-writer"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = data.aws_caller_identity.me.account_id }, Action = "sts:AssumeRole" }] })
}

resource "aws_iam_policy" "write" {
  name   = "kitchen-write"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["aps:RemoteWrite"], Resource = aws_prometheus_workspace.kitchen.arn }] })
}

resource "aws_iam_role_policy_attachment" "write" {
  role       = aws_iam_role.writer.name
  policy_arn = aws_iam_policy.write.arn
}

resource "aws_iam_openid_connect_provider" "cluster" {
  url             = "https://oidc.example.com/id/1"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}

resource "aws_iam_role" "grafana" {
  name               = "kitchen-grafana"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "grafana.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}

resource "aws_grafana_workspace" "kitchen" {
  name                     = "kitchen-grafana"
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO", "SAML"]
  permission_type          = "SERVICE_MANAGED"
  role_arn                 = aws_iam_role.grafana.arn
  data_sources             = ["PROMETHEUS"]
}

resource "aws_grafana_workspace_saml_configuration" "kitchen" {
  workspace_id       = aws_grafana_workspace.kitchen.id
  admin_role_values  = ["admin"]
  editor_role_values = ["editor"]
  role_assertion     = "role"
  idp_metadata_url   = "https://idp.example.com/metadata"
}

resource "aws_grafana_workspace_service_account" "ci" {
  name         = "ci"
  grafana_role = "ADMIN"
  workspace_id = aws_grafana_workspace.kitchen.id
}

resource "aws_grafana_workspace_service_account_token" "ci" {
  name               = "tok"
  service_account_id = aws_grafana_workspace_service_account.ci.service_account_id
  seconds_to_live    = 3600
  workspace_id       = aws_grafana_workspace.kitchen.id
}

# These change the Grafana workspace at the same time.
resource "aws_grafana_role_association" "admins" {
  role         = "ADMIN"
  user_ids     = ["906787654-7e3a-4b5c-8d90-1234567890ab"]
  workspace_id = aws_grafana_workspace.kitchen.id
}

# On AWS a workspace has this trial once.
resource "aws_grafana_license_association" "trial" {
  license_type = "ENTERPRISE_FREE_TRIAL"
  workspace_id = aws_grafana_workspace.kitchen.id
}

resource "aws_grafana_workspace_api_key" "viewer" {
  key_name        = "viewer"
  key_role        = "VIEWER"
  seconds_to_live = 3600
  workspace_id    = aws_grafana_workspace.kitchen.id
}

resource "aws_prometheus_workspace_configuration" "kitchen" {
  workspace_id             = aws_prometheus_workspace.kitchen.id
  retention_period_in_days = 60
  limits_per_label_set {
    label_set = { team = "mika" }
    limits {
      max_series = 1000
    }
  }
}
