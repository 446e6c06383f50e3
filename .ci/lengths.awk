# Prints each place where hand-written Go is too long, and ends with 1 if there is one. The limits: lines 120 columns,
# functions 70 lines, files 400 lines. Run it with LC_ALL=C, so that every awk counts bytes.
#
# No limit applies to four things: signatures that gqlgen gives to resolvers, the length of their file, which has one
# function for each field of the schema, tags of struct fields, which cannot be broken, and test functions, which are
# mostly tables of cases.

FNR == 1 { file_ends(); file = FILENAME; generated = 0; begun = 0 }
{ last = FNR }
/^\/\/ Code generated .* DO NOT EDIT\.$/ { generated = 1 }
generated { next }

{
	columns = $0
	gsub(/[\200-\277]/, "", columns) # These are the second and later bytes of a UTF-8 character.
	if (length(columns) > 120 && $0 !~ /^func \(r \*[A-Za-z]+Resolver\)/ && $0 !~ /:".*"`( \/\/.*)?$/)
		found(FNR, length(columns) " columns, at most 120")
}
/^func / { begun = FNR }
/^}/ && begun {
	if (FNR - begun + 1 > 70 && file !~ /_test\.go$/)
		found(begun, FNR - begun + 1 " lines of function, at most 70")
	begun = 0
}

END { file_ends(); exit bad }

function file_ends() {
	if (file != "" && file !~ /schema\.resolvers\.go$/ && !generated && last > 400)
		found(last, last " lines of file, at most 400")
}

function found(line, what) {
	printf "%s:%d: %s\n", file, line, what
	bad = 1
}
