#include "keytool/commands.h"

int mu_kt_version(mu_kt *kt)
{
    (void)kt;
    puts("keytool " MU_KT_JDK_VERSION);
    return 0;
}
