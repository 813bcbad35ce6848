package awsapi

import (
	"context"
	"slices"

	"github.com/hearth-metrics/hearth/iam"
)

const providerMember = "OpenIDConnectProviderArn"

func (s *Server) createProvider(ctx context.Context, r *request) (any, error) {
	if err := r.required("Url"); err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	p, err := s.account(r).CreateProvider(ctx, iam.ProviderInput{
		URL: r.field("Url"), ClientIDs: r.listed("ClientIDList"), Thumbprints: r.listed("ThumbprintList"), Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return struct {
		OpenIDConnectProviderArn string
		Tags                     *memberList[tagShape] `xml:",omitempty"`
	}{p.ARN().String(), tagShapes(p.Tags)}, nil
}

func (s *Server) namedProvider(r *request) (*iam.Provider, error) {
	if err := r.required(providerMember); err != nil {
		return nil, err
	}
	return s.account(r).Provider(r.field(providerMember))
}

func (s *Server) getProvider(_ context.Context, r *request) (any, error) {
	p, err := s.namedProvider(r)
	if err != nil {
		return nil, err
	}
	return struct {
		Url            string
		ClientIDList   memberList[string]
		ThumbprintList memberList[string]
		CreateDate     string
		Tags           *memberList[tagShape] `xml:",omitempty"`
	}{p.URL, memberList[string]{p.ClientIDs}, memberList[string]{p.Thumbprints}, stamp(p.Created), tagShapes(p.Tags)}, nil
}

func (s *Server) listProviders(_ context.Context, r *request) (any, error) {
	type shape struct{ Arn string }
	return struct{ OpenIDConnectProviderList memberList[shape] }{
		memberListOf(s.account(r).Providers(), func(p *iam.Provider) shape { return shape{p.ARN().String()} }),
	}, nil
}

func (s *Server) deleteProvider(ctx context.Context, r *request) (any, error) {
	if err := r.required(providerMember); err != nil {
		return nil, err
	}
	return nil, s.account(r).DeleteProvider(ctx, r.field(providerMember))
}

// editProvider changes the provider of the form.
func (s *Server) editProvider(ctx context.Context, r *request, edit func(p *iam.Provider), members ...string) (any, error) {
	if err := r.required(append(members, providerMember)...); err != nil {
		return nil, err
	}
	return nil, s.account(r).EditProvider(ctx, r.field(providerMember), edit)
}

func (s *Server) addClientID(ctx context.Context, r *request) (any, error) {
	return s.editProvider(ctx, r, func(p *iam.Provider) {
		if id := r.field("ClientID"); !slices.Contains(p.ClientIDs, id) {
			p.ClientIDs = append(p.ClientIDs, id)
		}
	}, "ClientID")
}

func (s *Server) removeClientID(ctx context.Context, r *request) (any, error) {
	return s.editProvider(ctx, r, func(p *iam.Provider) {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == r.field("ClientID") })
	}, "ClientID")
}

func (s *Server) updateThumbprint(ctx context.Context, r *request) (any, error) {
	return s.editProvider(ctx, r, func(p *iam.Provider) { p.Thumbprints = r.listed("ThumbprintList") })
}

func (s *Server) tagProvider(ctx context.Context, r *request) (any, error) {
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	return s.editProvider(ctx, r, func(p *iam.Provider) { iam.AddTags(p.Tags, tags) })
}

func (s *Server) untagProvider(ctx context.Context, r *request) (any, error) {
	return s.editProvider(ctx, r, func(p *iam.Provider) {
		iam.RemoveTags(p.Tags, r.listed("TagKeys"))
	})
}

func (s *Server) listProviderTags(_ context.Context, r *request) (any, error) {
	p, err := s.namedProvider(r)
	if err != nil {
		return nil, err
	}
	return tagPage(r, p.Tags)
}
