/* `mutual doctor --fix`: how programs are told of the new files. */
#include "commands/doctor.h"

#include <string.h>

/* One setting by its names: ours behind --server-, Java's, Spring Boot's. */
static const struct setting {
    size_t member; /* of mu_store_settings */
    const char *option, *java;
    mu_spring_key spring;
} settings[] = {
    {offsetof(mu_store_settings, key_store), "key-store", "keyStore", MU_SPRING_KEY_STORE},
    {offsetof(mu_store_settings, certificate), "certificate", NULL, MU_SPRING_CERTIFICATE},
    {offsetof(mu_store_settings, certificate_private_key), "certificate-private-key", NULL, MU_SPRING_CERTIFICATE_PRIVATE_KEY},
    {offsetof(mu_store_settings, trust_store), "trust-store", "trustStore", MU_SPRING_TRUST_STORE},
    {offsetof(mu_store_settings, trust_certificate), "trust-certificate", NULL, MU_SPRING_TRUST_CERTIFICATE},
    {offsetof(mu_store_settings, key_alias), "key-alias", NULL, MU_SPRING_KEY_ALIAS},
};

static void add_spring(mu_buf *out, const mu_doctor_config *config, mu_spring_key key, const char *value)
{
    const mu_spring_prop *prop = config->tls.used[key]->prop;
    if (prop)
        mu_escape(out, prop->name, strlen(prop->name));
    else
        mu_buf_addf(out, "server.ssl.%s", mu_spring_key_name(key));
    mu_buf_add_str(out, key == MU_SPRING_KEY_ALIAS ? "=" : "=file:");
    mu_escape(out, value, strlen(value));
}

static void tell(const mu_doctor_options *o, const mu_doctor_config *config, bool client, const struct setting *s,
                 const char *value, mu_findings *findings)
{
    mu_buf text;
    mu_buf_init(&text, MU_BUF_TEXT_MAX);
    if (!client && config) {
        add_spring(&text, config, s->spring, value);
    } else if (client && o->command && s->java) {
        mu_buf_addf(&text, "-Djavax.net.ssl.%s=", s->java);
        mu_shell_word(&text, value);
    } else {
        mu_buf_addf(&text, "--%s-%s ", client ? "client" : "server", s->option);
        mu_shell_word(&text, value);
    }
    if (text.failed || mu_strlist_add(&findings->use, mu_buf_text(&text)) != 0)
        findings->failed = true;
    mu_buf_free(&text);
}

void mu_doctor_tell_use(const mu_doctor_options *o, const mu_doctor_config *config, const mu_store_settings changed[2],
                        mu_findings *findings)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
            const char *value = *(char *const *)(const void *)((const char *)&changed[side] + settings[i].member);
            if (value)
                tell(o, config, side == 1, &settings[i], value, findings);
        }
}
