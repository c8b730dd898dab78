#include "commands/doctor.h"
#include "diag/java_command_rules.h"

int mu_doctor_command_read(const mu_doctor_options *o, mu_store_settings *ret_stores, mu_findings *findings, mu_err **err)
{
    mu_java_command command = {0};
    if (o->client.key_store || o->client.certificate || o->client.trust_store || o->client.trust_certificate)
        return mu_fail_by(err, MU_E_USAGE, MU_BY_CALLER, "--command names the client's stores: leave --client-… out");
    int rc = mu_java_command_read(o->command, &command, err);
    if (rc == 0)
        rc = mu_java_command_check(&command, findings, ret_stores, err);
    mu_java_command_free(&command);
    return rc;
}
