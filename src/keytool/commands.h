/** The commands, one file each. They run with kt->command set and no store open yet. */
#ifndef MU_KEYTOOL_COMMANDS_H
#define MU_KEYTOOL_COMMANDS_H

#include "keytool/kt.h"

/** What -version says: the JDK that is the reference. */
#define MU_KT_JDK_VERSION "25.0.3"

int mu_kt_certreq(mu_kt *kt);
int mu_kt_changealias(mu_kt *kt);
int mu_kt_delete(mu_kt *kt);
int mu_kt_exportcert(mu_kt *kt);
int mu_kt_gencert(mu_kt *kt);
int mu_kt_gencrl(mu_kt *kt);
int mu_kt_genkeypair(mu_kt *kt);
int mu_kt_genseckey(mu_kt *kt);
int mu_kt_importcert(mu_kt *kt);
int mu_kt_importpass(mu_kt *kt);
int mu_kt_importkeystore(mu_kt *kt);
int mu_kt_keyclone(mu_kt *kt);
int mu_kt_keypasswd(mu_kt *kt);
int mu_kt_list(mu_kt *kt);
int mu_kt_printcert(mu_kt *kt);
int mu_kt_printcertreq(mu_kt *kt);
int mu_kt_printcrl(mu_kt *kt);
int mu_kt_selfcert(mu_kt *kt);
int mu_kt_showinfo(mu_kt *kt);
int mu_kt_storepasswd(mu_kt *kt);
int mu_kt_version(mu_kt *kt);

#endif
