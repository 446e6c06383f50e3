package cli

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/server"
)

// firstDemoOrganization owns the workflows of the first demo in a database.
var firstDemoOrganization = uuid.MustParse("00000000-0000-7000-8000-000000000001")

// demoOrganization returns the organization of the demo with a number, from 1 on. Each demo in a database has its own:
// the plan of a workflow leaves out every page that another workflow of its organization has, and the sandbox has few
// subjects, so a fourth demo in one organization would have nothing left to write.
func demoOrganization(number uint32) uuid.UUID {
	id := firstDemoOrganization
	binary.BigEndian.PutUint32(id[12:], number)
	return id
}

// nextDemo returns the number of the first demo whose organization does not exist yet.
func nextDemo(ctx context.Context, store *postgres.Store) (uint32, error) {
	for number := uint32(1); ; number++ {
		who := caller.Caller{OrganizationID: demoOrganization(number)}
		switch _, found, err := store.Organization(ctx, who); {
		case err != nil:
			return 0, fmt.Errorf("read the organization of demo %d: %w", number, err)
		case !found:
			return number, nil
		}
	}
}

// tokenLife is how long the tokens that a demo prints are valid.
const tokenLife = 12 * time.Hour

// admin returns a client in the organization of a demo.
func (c *demoCommand) admin(s *server.Server, number uint32) (*demoClient, error) {
	return c.client(s, caller.Caller{
		Actor:          actor(),
		OrganizationID: demoOrganization(number),
		Role:           caller.Admin,
	})
}

func (c *demoCommand) client(s *server.Server, who caller.Caller) (*demoClient, error) {
	token, err := s.Token(who, tokenLife)
	return &demoClient{url: s.URL() + "/graphql", token: token}, err
}

// demosCompared is how many demos, the latest, have their calls in the books. An unfinished workflow of an earlier demo
// goes on in a later one, whose sandboxes charge for it.
const demosCompared = 20

// everyDemo returns a client for each of the latest demos, the present one first.
func (c *demoCommand) everyDemo(s *server.Server) (clients []*demoClient, err error) {
	for number := c.number; number > 0 && c.number-number < demosCompared; number-- {
		client, err := c.admin(s, number)
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}
