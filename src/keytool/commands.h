/** The commands, one file each. They run with kt->command set and no store open yet. */
#ifndef MU_KEYTOOL_COMMANDS_H
#define MU_KEYTOOL_COMMANDS_H

#include "keytool/kt.h"

int mu_kt_certreq(mu_kt *kt);
int mu_kt_gencert(mu_kt *kt);
int mu_kt_gencrl(mu_kt *kt);
int mu_kt_genkeypair(mu_kt *kt);
int mu_kt_importcert(mu_kt *kt);
int mu_kt_list(mu_kt *kt);

#endif
