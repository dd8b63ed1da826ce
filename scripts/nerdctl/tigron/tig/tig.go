// Package tig stands in for a test-only module that one of nerdctl's non-test files imports.
package tig

type T interface {
	Helper()
	FailNow()
	Fail()
	Log(args ...any)
	Name() string
	TempDir() string
}
