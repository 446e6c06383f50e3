package gqlhttp_test

import (
	"os"
	"testing"

	"github.com/infin8content/engine/internal/testdb"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }
