package awsapi

import (
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth/iam"
)

type tagShape struct{ Key, Value string }

// tagShapes are tags in order of their keys; nil if there are none.
func tagShapes(tags map[string]string) *memberList[tagShape] {
	if len(tags) == 0 {
		return nil
	}
	out := allTags(tags)
	return &out
}

func allTags(tags map[string]string) memberList[tagShape] {
	out := memberList[tagShape]{}
	for k, v := range tags {
		out.Member = append(out.Member, tagShape{k, v})
	}
	slices.SortFunc(out.Member, func(a, b tagShape) int { return strings.Compare(a.Key, b.Key) })
	return out
}

type boundaryShape struct {
	PermissionsBoundaryType, PermissionsBoundaryArn string
}

func boundaryOf(e *iam.Entity) *boundaryShape {
	if e.Boundary == "" {
		return nil
	}
	return &boundaryShape{"Policy", e.Boundary}
}

type userShape struct {
	Path, UserName, UserId, Arn, CreateDate string
	PermissionsBoundary                     *boundaryShape        `xml:",omitempty"`
	Tags                                    *memberList[tagShape] `xml:",omitempty"`
}

// listedUser is a user as lists have it, without boundary and tags.
func listedUser(e *iam.Entity) userShape {
	return userShape{Path: e.Path, UserName: e.Name, UserId: e.ID, Arn: e.ARN().String(), CreateDate: stamp(e.Created)}
}

func wholeUser(e *iam.Entity) userShape {
	u := listedUser(e)
	u.PermissionsBoundary, u.Tags = boundaryOf(e), tagShapes(e.Tags)
	return u
}

type groupShape struct{ Path, GroupName, GroupId, Arn, CreateDate string }

func groupOf(e *iam.Entity) groupShape {
	return groupShape{e.Path, e.Name, e.ID, e.ARN().String(), stamp(e.Created)}
}

type roleShape struct {
	Path, RoleName, RoleId, Arn, CreateDate string
	AssumeRolePolicyDocument                string
	Description                             string `xml:",omitempty"`
	MaxSessionDuration                      int
	PermissionsBoundary                     *boundaryShape        `xml:",omitempty"`
	Tags                                    *memberList[tagShape] `xml:",omitempty"`
}

func listedRole(e *iam.Entity) roleShape {
	return roleShape{
		Path: e.Path, RoleName: e.Name, RoleId: e.ID, Arn: e.ARN().String(), CreateDate: stamp(e.Created),
		AssumeRolePolicyDocument: escaped(e.Trust), Description: e.Description, MaxSessionDuration: int(e.MaxSession.Seconds()),
	}
}

func wholeRole(e *iam.Entity) roleShape {
	r := listedRole(e)
	r.PermissionsBoundary, r.Tags = boundaryOf(e), tagShapes(e.Tags)
	return r
}

type policyShape struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount, PermissionsBoundaryUsageCount    int
	IsAttachable                                      bool
	Description                                       string `xml:",omitempty"`
	CreateDate, UpdateDate                            string
	Tags                                              *memberList[tagShape] `xml:",omitempty"`
}

func listedPolicy(p iam.PolicyUse) policyShape {
	return policyShape{
		PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN().String(), Path: p.Path, DefaultVersionId: p.Default,
		AttachmentCount: p.Attachments, PermissionsBoundaryUsageCount: p.Boundaries, IsAttachable: true,
		CreateDate: stamp(p.Created), UpdateDate: stamp(p.Updated),
	}
}

func wholePolicy(p iam.PolicyUse) policyShape {
	out := listedPolicy(p)
	out.Description, out.Tags = p.Description, tagShapes(p.Tags)
	return out
}

type versionShape struct {
	Document         string `xml:",omitempty"`
	VersionId        string
	IsDefaultVersion bool
	CreateDate       string
}

func versionOf(p *iam.ManagedPolicy, v iam.Version, document bool) versionShape {
	out := versionShape{VersionId: v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: stamp(v.Created)}
	if document {
		out.Document = escaped(v.Document)
	}
	return out
}

type attachedShape struct{ PolicyName, PolicyArn string }

func attachedOf(arn string) attachedShape {
	return attachedShape{arn[strings.LastIndexByte(arn, '/')+1:], arn}
}

type inlineShape struct{ PolicyName, PolicyDocument string }

func inlineOf(i iam.Inline) inlineShape { return inlineShape{i.Name, escaped(i.Document)} }

func entityName(e *iam.Entity) string { return strings.ToLower(e.Name) }
