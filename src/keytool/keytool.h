/** The JDK's keytool: its grammar, its answers, its exit status (0 or 1). */
#ifndef MU_KEYTOOL_KEYTOOL_H
#define MU_KEYTOOL_KEYTOOL_H

/** @param argv the words after "keytool"; passwords in them are overwritten. @return the exit status */
int mu_keytool_main(int argc, char **argv);

#endif
