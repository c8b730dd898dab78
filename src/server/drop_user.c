#include "server/drop_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_exactly(uid_t uid, gid_t gid)
{
    uid_t r, e, s;
    gid_t rg, eg, sg, group;

    return getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid && getresgid(&rg, &eg, &sg) == 0 && rg == gid &&
           eg == gid && sg == gid && getgroups(1, &group) == 1 && group == gid;
}

/* In this order: without root's rights neither groups nor gid could be changed any more. */
static bool become(uid_t uid, gid_t gid)
{
    return setgroups(1, &gid) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

int mu_drop_user(const char *name, mu_err **err)
{
    struct passwd entry, *found = NULL;
    char text[4096];

    if (getpwnam_r(name, &entry, text, sizeof text, &found) != 0 || !found)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "there is no user \"%s\"", name);
    if (entry.pw_uid == 0)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "\"%s\" is root: nothing would be given up", name);
    if (!become(entry.pw_uid, entry.pw_gid))
        return mu_fail_errno(err, MU_E_FILE_PERMISSION, errno, "cannot become user \"%s\"", name);
    if (!is_exactly(entry.pw_uid, entry.pw_gid) || setuid(0) == 0)
        return mu_fail(err, MU_E_INTERNAL, "still root after becoming \"%s\"", name);
    return 0;
}
