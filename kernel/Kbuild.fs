ksmbd-y += fs/open.o fs/file.o fs/path.o fs/casefold.o fs/name.o
ksmbd-y += fs/access.o fs/create.o
