package dashboard

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A team is people who have rights together.
type team struct {
	ID      int64     `json:"id"`
	UID     string    `json:"uid"`
	Name    string    `json:"name"`
	Email   string    `json:"email,omitempty"`
	Members []int64   `json:"members,omitempty"` // ids of users
	Created time.Time `json:"created"`
	Prefs   *prefs    `json:"preferences,omitempty"`
}

const (
	maxTeams   = 1000
	maxMembers = 5000
)

func (t *team) has(n int64) bool { return n != 0 && slices.Contains(t.Members, n) }

func (t *team) body() map[string]any {
	return map[string]any{
		"id": t.ID, "uid": t.UID, "orgId": 1, "name": t.Name, "email": t.Email, "avatarUrl": "", "memberCount": len(t.Members), "permission": 0, "isProvisioned": false,
	}
}

// teamIn finds the team of the path, by number or uid.
func (c *Call) teamIn(tx store.Tx) (*team, error) {
	list, err := all[team](tx, teamBucket, key(c.id()))
	if err != nil {
		return nil, err
	}
	want := c.Param("teamId")
	i := slices.IndexFunc(list, func(t *team) bool { return strconv.FormatInt(t.ID, 10) == want || t.UID == want })
	if i < 0 {
		return nil, missing("Team not found")
	}
	return list[i], nil
}

func (r *Room) editTeam(ctx context.Context, c *Call, edit func(tx store.Tx, t *team) error) error {
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		t, err := c.teamIn(tx)
		if err != nil {
			return err
		}
		if err := edit(tx, t); err != nil {
			return err
		}
		return put(tx, teamBucket, key(c.id(), idKey(t.ID)), t)
	})
}

// SearchTeams lists teams by name.
func (r *Room) SearchTeams(ctx context.Context, c *Call) (any, error) {
	per, err := c.number("perpage", 1000)
	if err != nil {
		return nil, err
	}
	page, err := c.number("page", 1)
	if err != nil {
		return nil, err
	}
	found := []map[string]any{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := all[team](tx, teamBucket, key(c.id()))
		for _, t := range list {
			if n := c.text("name"); n != "" && t.Name != n || !strings.Contains(strings.ToLower(t.Name), strings.ToLower(c.text("query"))) {
				continue
			}
			found = append(found, t.body())
		}
		return err
	})
	return map[string]any{"totalCount": len(found), "teams": append([]map[string]any{}, window(found, per, page)...), "page": page, "perPage": per}, err
}

type teamInput struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

func (in *teamInput) check(tx store.Tx, id hearth.GrafanaID, own int64) error {
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" || len(in.Name) > maxSourceName || len(in.Email) > maxSourceName {
		return invalid("name", "must have 1 to %d characters", maxSourceName)
	}
	list, err := all[team](tx, teamBucket, key(id))
	if err == nil && slices.ContainsFunc(list, func(t *team) bool { return t.ID != own && t.Name == in.Name }) {
		err = &hearth.Error{Kind: hearth.Conflict, Msg: "Team name taken"}
	}
	return err
}

// CreateTeam makes a team.
func (r *Room) CreateTeam(ctx context.Context, c *Call) (any, error) {
	var in teamInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t := &team{UID: newUID(), Created: r.opts.Now().UTC()}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if err := in.check(tx, c.id(), 0); err != nil {
			return err
		}
		if err := roomFor(tx, teamBucket, key(c.id()), maxTeams, "teams"); err != nil {
			return err
		}
		if t.ID, err = next(tx, c.id(), "team"); err != nil {
			return err
		}
		t.Name, t.Email = in.Name, in.Email
		return put(tx, teamBucket, key(c.id(), idKey(t.ID)), t)
	})
	return map[string]any{"message": "Team created", "teamId": t.ID, "uid": t.UID}, err
}

// Team answers a team.
func (r *Room) Team(ctx context.Context, c *Call) (out any, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err := c.teamIn(tx)
		if err == nil {
			out = t.body()
		}
		return err
	})
	return out, err
}

// UpdateTeam renames a team.
func (r *Room) UpdateTeam(ctx context.Context, c *Call) (any, error) {
	var in teamInput
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err := r.editTeam(ctx, c, func(tx store.Tx, t *team) error {
		if err := in.check(tx, c.id(), t.ID); err != nil {
			return err
		}
		t.Name, t.Email = in.Name, in.Email
		return nil
	})
	return message("Team updated"), err
}

// DeleteTeam deletes a team.
func (r *Room) DeleteTeam(ctx context.Context, c *Call) (any, error) {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		t, err := c.teamIn(tx)
		if err != nil {
			return err
		}
		return tx.Delete(teamBucket, key(c.id(), idKey(t.ID)))
	})
	return message("Team deleted"), err
}

// TeamMembers lists who is in a team.
func (r *Room) TeamMembers(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err := c.teamIn(tx)
		if err != nil {
			return err
		}
		for _, n := range t.Members {
			u, err := get[user](tx, userBucket, key(c.id(), idKey(n)))
			if err != nil {
				return err
			}
			if u != nil {
				out = append(out, map[string]any{"orgId": 1, "teamId": t.ID, "teamUID": t.UID, "userId": u.ID, "userUID": u.UID, "login": u.Login,
					"email": u.Email, "name": u.Name, "avatarUrl": u.avatar(), "labels": []string{}, "permission": 0})
			}
		}
		return nil
	})
	return out, err
}

// AddTeamMember puts a person into a team.
func (r *Room) AddTeamMember(ctx context.Context, c *Call) (any, error) {
	var in struct {
		User int64 `json:"userId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	err := r.editTeam(ctx, c, func(tx store.Tx, t *team) error {
		u, err := get[user](tx, userBucket, key(c.id(), idKey(in.User)))
		switch {
		case err != nil:
			return err
		case u == nil || u.ServiceAccount:
			return noUser()
		case t.has(in.User):
			return bad("User is already added to this team")
		case len(t.Members) >= maxMembers:
			return &hearth.Error{Kind: hearth.Quota, Msg: "The team has as many members as it may have."}
		}
		t.Members = append(t.Members, in.User)
		return nil
	})
	return message("Member added to Team"), err
}

// RemoveTeamMember takes a person out of a team.
func (r *Room) RemoveTeamMember(ctx context.Context, c *Call) (any, error) {
	n, err := c.paramID("userId")
	if err != nil {
		return nil, err
	}
	err = r.editTeam(ctx, c, func(_ store.Tx, t *team) error {
		if !t.has(n) {
			return missing("Team member not found")
		}
		t.Members = slices.DeleteFunc(t.Members, func(m int64) bool { return m == n })
		return nil
	})
	return message("Team Member removed"), err
}

// MyTeams lists the teams of who asks.
func (r *Room) MyTeams(ctx context.Context, c *Call) (any, error) {
	out := []map[string]any{}
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := all[team](tx, teamBucket, key(c.id()))
		for _, t := range list {
			if t.has(c.User.ID) {
				out = append(out, t.body())
			}
		}
		return err
	})
	return out, err
}
