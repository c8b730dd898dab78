#include "keytool/commands.h"

#include <strings.h>

int mu_kt_keypasswd(mu_kt *kt)
{
    if (mu_kt_store_open(kt) != 0)
        return -1;
    return mu_kt_throw(kt, MU_E_USAGE, MU_KT_UNSUPPORTED, "-keypasswd commands not supported if -storetype is PKCS12");
}
