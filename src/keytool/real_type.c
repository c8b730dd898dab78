/* What a key store file really is, whatever -storetype says of it. */
#include "keytool/kt.h"

#include <string.h>
#include <sys/stat.h>

#define HEAD_BYTES 64

mu_store_type mu_kt_real_type(const char *path)
{
    uint8_t head[HEAD_BYTES];
    struct stat st;
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL; /* a pipe has its bytes only once */
    size_t len = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    return mu_store_detect(head, len);
}

/* A JDK's cacerts may be JKS; only with a key in it the JDK finds fault with the format. */
void mu_kt_advise_pkcs12(mu_kt *kt)
{
    bool keys = false;
    for (size_t i = 0; kt->store && i < mu_store_count(kt->store); i++)
        keys = keys || mu_entry_get_kind(mu_store_entry(kt->store, i)) != MU_ENTRY_TRUSTED;
    mu_store_type type = keys ? mu_kt_real_type(kt->store_file) : MU_STORE_AUTO;
    if (type == MU_STORE_JKS || type == MU_STORE_JCEKS)
        mu_kt_warn(kt,
                   "The %s keystore uses a proprietary format. It is recommended to migrate to PKCS12 which is an industry standard "
                   "format using \"keytool -importkeystore -srckeystore %s -destkeystore %s -deststoretype pkcs12\".",
                   mu_store_type_name(type), kt->store_file, kt->store_file);
}
