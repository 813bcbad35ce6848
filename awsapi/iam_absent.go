package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// absentRows are questions about what accounts here never have: passwords, second
// factors, certificates, SSH keys, instance profiles, SAML providers. That there is
// none is the true answer, and tools ask before they delete a user or a role.
func (s *Server) absentRows() []row {
	type none = memberList[struct{}]
	return []row{
		iamOp("ListMFADevices", "UserName", s.noneOfUser(struct {
			MFADevices none
			pageShape
		}{})),
		iamOp("ListSSHPublicKeys", "UserName", s.noneOfUser(struct {
			SSHPublicKeys none
			pageShape
		}{})),
		iamOp("ListSigningCertificates", "UserName", s.noneOfUser(struct {
			Certificates none
			pageShape
		}{})),
		iamOp("ListServiceSpecificCredentials", "UserName", s.noneOfUser(struct {
			ServiceSpecificCredentials none
			pageShape
		}{})),
		iamOp("ListVirtualMFADevices", "", noneAtAll(struct {
			VirtualMFADevices none
			pageShape
		}{})),
		iamOp("ListServerCertificates", "", noneAtAll(struct {
			ServerCertificateMetadataList none
			pageShape
		}{})),
		iamOp("ListInstanceProfiles", "", noneAtAll(struct {
			InstanceProfiles none
			pageShape
		}{})),
		iamOp("ListSAMLProviders", "", noneAtAll(struct{ SAMLProviderList none }{})),
		iamOp("GetLoginProfile", "UserName", s.noLoginProfile), iamOp("DeleteLoginProfile", "UserName", s.noLoginProfile),
		iamOp("GetInstanceProfile", "", noInstanceProfile), iamOp("GetAccountPasswordPolicy", "", noPasswordPolicy),
	}
}

// noneOfUser answers for a user who exists.
func (s *Server) noneOfUser(answer any) handler {
	return func(_ context.Context, r *request) (any, error) {
		if _, err := s.askedUser(r); err != nil {
			return nil, err
		}
		return answer, nil
	}
}

func (s *Server) askedUser(r *request) (string, error) {
	user, err := s.userOr(r)
	if err != nil {
		return "", err
	}
	_, err = s.account(r).Get(iam.UserKind, user)
	return user, err
}

func noneAtAll(answer any) handler {
	return func(context.Context, *request) (any, error) { return answer, nil }
}

func (s *Server) noLoginProfile(_ context.Context, r *request) (any, error) {
	user, err := s.askedUser(r)
	if err != nil {
		return nil, err
	}
	return nil, absent(user, "Login Profile for User "+user+" cannot be found.")
}

func noInstanceProfile(_ context.Context, r *request) (any, error) {
	if err := r.required("InstanceProfileName"); err != nil {
		return nil, err
	}
	name := clip(r.field("InstanceProfileName"))
	return nil, absent(name, "Instance Profile "+name+" cannot be found.")
}

func noPasswordPolicy(_ context.Context, r *request) (any, error) {
	account := string(r.caller.Account)
	return nil, absent(account, "The Password Policy with domain name "+account+" cannot be found.")
}

func absent(what, msg string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: what, Msg: msg}
}
