// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel alone asks for a file server's work: each of the meter's own requests is
 * answered with the bare system calls, and the answer has as many bytes as a server's.
 *
 *	floor PORT FOLDER
 *
 * The requests are SMB2 of the meter's client; nothing is looked at but what the calls need.
 * No session, no rights, no locks, no signature.  It trusts its client: never run it elsewhere.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CREATE = 5, CLOSE, READ = 8, WRITE, ECHO = 13, DIRECTORY, INFO = 16 };
enum { PREFIX = 4, HEADER = 64, WRITE_HEAD = PREFIX + HEADER + 48 };
enum { FROM_FILE = 16384 };	/* below it a copy costs less than sendfile() */
enum { MOST_FILES = 65536 };

#define OBJECT_NAME_NOT_FOUND	0xc0000034u
#define NO_MORE_FILES		0x80000006u
#define UNSUCCESSFUL		0xc0000001u

static int share;
static char *doomed[MOST_FILES];	/* by descriptor: deleted when it is closed */

struct conn {
	int fd;
	int last;			/* what a related request means */
	size_t have;			/* bytes of @in */
	char in[1 << 20];
	size_t used;			/* bytes of @out */
	char out[1 << 17];
	long dents, at;			/* of the one directory that is being listed */
	char names[1 << 15];
};

static uint16_t get16(const char *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static uint32_t get32(const char *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static uint64_t get64(const char *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static void put16(char *p, uint16_t v) { memcpy(p, &v, 2); }
static void put32(char *p, uint32_t v) { memcpy(p, &v, 4); }
static void put64(char *p, uint64_t v) { memcpy(p, &v, 8); }

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int send_all(int fd, const char *p, size_t n, int flags)
{
	while (n) {
		ssize_t sent = send(fd, p, n, flags);

		if (sent <= 0)
			return -1;
		p += sent;
		n -= sent;
	}
	return 0;
}

/* The size of the frame, big-endian. */
static void put_prefix(char *p, uint32_t size)
{
	size = htonl(size);
	memcpy(p, &size, 4);
}

/* Begins the answer to @request; returns its body, zeroed. */
static char *answer(struct conn *c, const char *request, uint32_t status, size_t body)
{
	char *head = c->out + c->used;

	memcpy(head, request, HEADER);
	put32(head + 8, status);
	put32(head + 16, 1);			/* a response */
	put32(head + 20, 0);
	memset(head + HEADER, 0, body);
	c->used += HEADER + body;
	return head + HEADER;
}

static void refuse(struct conn *c, const char *request)
{
	uint32_t status = errno == ENOENT ? OBJECT_NAME_NOT_FOUND : UNSUCCESSFUL;

	put16(answer(c, request, status, 9), 9);
}

static int file_of(const struct conn *c, const char *id)
{
	return get64(id) == UINT64_MAX ? c->last : (int)get64(id);
}

static void do_create(struct conn *c, const char *request)
{
	const char *body = request + HEADER;
	const char *text = request + get16(body + 44);
	uint32_t disposition = get32(body + 36), options = get32(body + 40);
	int length = get16(body + 46) / 2, flags, fd, i;
	struct stat st;
	char name[256], *out;

	for (i = 0; i < length && i < 255; i++)
		name[i] = text[2 * i] == '\\' ? '/' : text[2 * i];
	name[i] = 0;
	flags = options & 1 ? O_RDONLY | O_DIRECTORY :
		get32(body + 24) & 2 ? O_RDWR : O_RDONLY;
	if (disposition == 2)
		flags |= O_CREAT | O_EXCL;
	else if (disposition == 3)
		flags |= O_CREAT;
	fd = openat(share, length ? name : ".", flags | O_CLOEXEC, 0666);
	if (fd < 0 || fd >= MOST_FILES || fstat(fd, &st)) {
		refuse(c, request);
		return;
	}
	c->last = fd;
	if (options & 0x1000)
		doomed[fd] = strdup(name);
	out = answer(c, request, 0, 88);
	put16(out, 89);
	put64(out + 40, st.st_blocks * 512);
	put64(out + 48, st.st_size);
	put64(out + 64, fd);
}

static void do_close(struct conn *c, const char *request)
{
	int fd = file_of(c, request + HEADER + 8);

	if (doomed[fd]) {
		unlinkat(share, doomed[fd], 0);
		free(doomed[fd]);
		doomed[fd] = NULL;
	}
	if (close(fd)) {
		refuse(c, request);
		return;
	}
	put16(answer(c, request, 0, 60), 60);
}

static void do_info(struct conn *c, const char *request)
{
	struct stat st;
	char *out;

	if (fstat(file_of(c, request + HEADER + 24), &st)) {
		refuse(c, request);
		return;
	}
	out = answer(c, request, 0, 8 + 104);
	put16(out, 9);
	put16(out + 2, HEADER + 8);
	put32(out + 4, 104);
	put64(out + 8 + 48, st.st_size);
}

/* One entry of FileIdBothDirectoryInformation for each name, as many as there is room for. */
static void do_directory(struct conn *c, const char *request)
{
	const char *body = request + HEADER;
	int fd = file_of(c, body + 8);
	size_t room = get32(body + 28), size = 0, last = 0;
	char *out, *data;

	if (body[3] & 1) {			/* from the start */
		lseek(fd, 0, SEEK_SET);
		c->dents = c->at = 0;
	}
	if (room > sizeof(c->out) - 256)
		room = sizeof(c->out) - 256;
	data = c->out + c->used + HEADER + 8;
	for (;;) {
		struct dirent64 *entry;
		struct stat st;
		size_t length, i;
		char *p;

		if (c->at == c->dents) {
			c->at = 0;
			c->dents = getdents64(fd, c->names, sizeof(c->names));
			if (c->dents <= 0) {
				c->dents = 0;
				break;
			}
		}
		entry = (void *)(c->names + c->at);
		length = strlen(entry->d_name);
		if (((size + 7) & ~7ul) + 104 + 2 * length > room)
			break;
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			break;
		size = (size + 7) & ~7ul;
		if (size)
			put32(data + last, size - last);
		p = data + size;
		memset(p, 0, 104);
		put64(p + 24, st.st_mtime);
		put64(p + 40, st.st_size);
		put64(p + 96, st.st_ino);
		put32(p + 60, 2 * length);
		for (i = 0; i < length; i++)
			put16(p + 104 + 2 * i, entry->d_name[i]);
		last = size;
		size += 104 + 2 * length;
		c->at += entry->d_reclen;
	}
	if (!size) {
		put16(answer(c, request, NO_MORE_FILES, 9), 9);
		return;
	}
	out = answer(c, request, 0, 8);
	put16(out, 9);
	put16(out + 2, HEADER + 8);
	put32(out + 4, size);
	c->used += size;
}

/* Sends by itself: the data never pass through here when there are many. */
static int do_read(struct conn *c, const char *request)
{
	const char *body = request + HEADER;
	uint32_t length = get32(body + 4);
	off_t offset = get64(body + 8);
	int fd = file_of(c, body + 16);
	char *out = answer(c, request, 0, 16);

	put16(out, 17);
	out[2] = HEADER + 16;
	put32(out + 4, length);
	put_prefix(c->out, HEADER + 16 + length);
	if (length <= FROM_FILE) {
		if (pread(fd, c->out + c->used, length, offset) != length)
			return -1;
		return send_all(c->fd, c->out, c->used + length, 0);
	}
	if (send_all(c->fd, c->out, c->used, MSG_MORE))
		return -1;
	while (length) {
		ssize_t sent = sendfile(c->fd, fd, &offset, length);

		if (sent <= 0)
			return -1;
		length -= sent;
	}
	return 0;
}

/* Takes the rest of its frame from the socket; the buffer is used up afterwards. */
static int do_write(struct conn *c, const char *request, size_t have)
{
	const char *body = request + HEADER;
	uint32_t length = get32(body + 4);
	off_t offset = get64(body + 8);
	int fd = file_of(c, body + 16);
	char *at = c->in + (body + 48 - c->in), head[HEADER];
	size_t room = c->in + sizeof(c->in) - at, left = length;

	memcpy(head, request, HEADER);
	while (left) {
		size_t want = left < room ? left : room;

		while (have < want) {
			ssize_t got = recv(c->fd, at + have, want - have, MSG_WAITALL);

			if (got <= 0)
				return -1;
			have += got;
		}
		if (pwrite(fd, at, want, offset) != (ssize_t)want)
			return -1;
		offset += want;
		left -= want;
		have = 0;
		at = c->in;
		room = sizeof(c->in);
	}
	at = answer(c, head, 0, 16);
	put16(at, 17);
	put32(at + 4, length);
	put_prefix(c->out, c->used - PREFIX);
	return send_all(c->fd, c->out, c->used, 0);
}

static int do_frame(struct conn *c, const char *request)
{
	for (;;) {
		uint32_t next = get32(request + 20);
		size_t begin = c->used;

		switch (get16(request + 12)) {
		case CREATE:	do_create(c, request); break;
		case CLOSE:	do_close(c, request); break;
		case INFO:	do_info(c, request); break;
		case DIRECTORY:	do_directory(c, request); break;
		case READ:	return do_read(c, request);
		case ECHO:	put16(answer(c, request, 0, 4), 4); break;
		default:	return -1;
		}
		if (!next)
			break;
		while (c->used % 8 != PREFIX % 8)
			c->out[c->used++] = 0;
		put32(c->out + begin + 20, c->used - begin);
		request += next;
	}
	put_prefix(c->out, c->used - PREFIX);
	return send_all(c->fd, c->out, c->used, 0);
}

static void *serve(void *arg)
{
	struct conn *c = arg;

	for (;;) {
		ssize_t got = recv(c->fd, c->in + c->have, sizeof(c->in) - c->have, 0);
		char *p = c->in, *end;

		if (got <= 0)
			break;
		c->have += got;
		end = p + c->have;
		while (end - p >= PREFIX + HEADER) {
			size_t size = PREFIX + ntohl(get32(p));

			c->used = PREFIX;
			if (get16(p + PREFIX + 12) == WRITE) {
				size_t data = size - WRITE_HEAD;

				if (end - p < WRITE_HEAD)
					break;
				if (data > (size_t)(end - p) - WRITE_HEAD)
					data = end - p - WRITE_HEAD;
				if (do_write(c, p + PREFIX, data))
					goto gone;
				/* what came behind it is only here if all of it was */
				p = (size_t)(end - p) >= size ? p + size : end;
				continue;
			}
			if ((size_t)(end - p) < size)
				break;
			if (do_frame(c, p + PREFIX))
				goto gone;
			p += size;
		}
		c->have = end - p;
		memmove(c->in, p, c->have);
	}
gone:
	close(c->fd);
	free(c);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	int one = 1, listener;

	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	umask(0);
	share = open(argv[2], O_RDONLY | O_DIRECTORY);
	if (share < 0)
		die(argv[2]);
	address.sin6_port = htons(atoi(argv[1]));
	listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 64))
		die("listen");
	for (;;) {
		struct conn *c = calloc(1, sizeof(*c));
		pthread_t thread;

		if (!c)
			die("calloc");
		c->fd = accept(listener, NULL, NULL);
		if (c->fd < 0)
			die("accept");
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, NULL, serve, c))
			die("pthread_create");
		pthread_detach(thread);
	}
}
