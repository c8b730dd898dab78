import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.Key;
import java.security.KeyStore;
import java.security.UnrecoverableKeyException;

/**
 * Keys with passwords of their own in a PKCS12 store, which keytool does not make, but KeyStore.setKeyEntry does.
 *
 * Usage: OwnKeyPassword set|opens STORE STOREPASS ALIAS KEYPASS
 * "set" gives the key, so far under the store's password, another one; "opens" prints true or false: whether it opens the key.
 */
public class OwnKeyPassword {
    public static void main(String[] args) throws Exception {
        char[] storePassword = args[2].toCharArray();
        char[] keyPassword = args[4].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(args[1])) {
            store.load(in, storePassword);
        }
        if (args[0].equals("opens")) {
            System.out.println(opens(store, args[3], keyPassword));
            return;
        }
        Key key = store.getKey(args[3], storePassword);
        store.setKeyEntry(args[3], key, keyPassword, store.getCertificateChain(args[3]));
        try (OutputStream out = new FileOutputStream(args[1])) {
            store.store(out, storePassword);
        }
    }

    private static boolean opens(KeyStore store, String alias, char[] password) throws Exception {
        try {
            return store.getKey(alias, password) != null;
        } catch (UnrecoverableKeyException e) {
            return false;
        }
    }
}
