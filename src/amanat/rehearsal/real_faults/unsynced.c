/* Loaded before the C library: keeps, beside each journal, what was written to it and when it was synced.
 *
 * For a file in a folder whose name begins with "medium-": each pwrite is also appended to FILE.ops as
 * 'W', offset (8 bytes), length (8 bytes), bytes; each fdatasync or fsync that succeeded as 'S'.  The program sees
 * its real file and nothing else.  After a kill, `media.cut` makes the file what a disk would then hold.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SYNC_MICROSECONDS 4000 /* as long as a card's: a cut may fall into it */

static int is_medium(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 8);
    if (length <= 0) return 0;
    path[length] = 0;
    return strstr(path, "/medium-") != NULL;
}

static void note(const char *path, char kind, int64_t offset, const void *data, size_t length) {
    char name[PATH_MAX];
    int64_t head[2] = {offset, (int64_t)length};
    snprintf(name, sizeof name, "%s.ops", path);
    int log = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) return;
    struct iovec parts[3] = {{&kind, 1}, {head, sizeof head}, {(void *)data, length}};
    ssize_t done = writev(log, parts, kind == 'W' ? 3 : 1);
    (void)done;
    close(log);
}

static ssize_t put(const char *symbol, int fd, const void *data, size_t length, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, symbol);
    char path[PATH_MAX];
    int medium = is_medium(fd, path);
    if (medium) note(path, 'W', offset, data, length); /* first: a kill in between leaves it unsynced, not unknown */
    return real(fd, data, length, offset);
}

static int synced(const char *symbol, int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, symbol);
    char path[PATH_MAX];
    int medium = is_medium(fd, path);
    if (medium) usleep(SYNC_MICROSECONDS);
    int result = real(fd);
    if (result == 0 && medium) note(path, 'S', 0, NULL, 0);
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return put("pwrite", fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
    return put("pwrite64", fd, data, length, offset);
}
int fdatasync(int fd) { return synced("fdatasync", fd); }
int fsync(int fd) { return synced("fsync", fd); }
