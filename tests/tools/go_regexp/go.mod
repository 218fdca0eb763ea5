module gategit/tests/go_regexp

go 1.26
