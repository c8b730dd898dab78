import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.security.Permission;

/**
 * Runs the JDK's own keytool again and again in one JVM, in the folder the JVM was started in.
 *
 * Request on stdin: the number of words, each word, then what keytool reads from its stdin. Answer on stdout: exit status, stdout,
 * stderr. Numbers are four bytes, big-endian; words and streams are UTF-8 behind their length in bytes.
 *
 * Needs --add-opens java.base/sun.security.tools.keytool=ALL-UNNAMED. Before JDK 24 keytool ends itself with System.exit, which only
 * a security manager can stop: -Djava.security.manager=allow.
 */
public class KeytoolServer {
    private static final int MANAGER_GONE = 24;

    private static final class Exit extends Error {
        final int status;

        Exit(int status) {
            super(null, null, false, false);
            this.status = status;
        }
    }

    /** A stream whose text counts until keytool asks to end: its finally blocks run here, but not in a process. */
    private static final class Recorder extends ByteArrayOutputStream {
        boolean ended;

        @Override
        public synchronized void write(int b) {
            if (!ended) {
                super.write(b);
            }
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            if (!ended) {
                super.write(bytes, offset, length);
            }
        }
    }

    private static Recorder out = new Recorder();
    private static Recorder err = new Recorder();

    private static final class NoExit extends SecurityManager {
        @Override
        public void checkExit(int status) {
            System.out.flush();
            System.err.flush();
            out.ended = true;
            err.ended = true;
            throw new Exit(status);
        }

        @Override
        public void checkPermission(Permission permission) {
        }
    }

    public static void main(String[] args) throws Exception {
        DataInputStream requests = new DataInputStream(System.in);
        DataOutputStream answers = new DataOutputStream(System.out);
        if (Runtime.version().feature() < MANAGER_GONE) {
            System.setSecurityManager(new NoExit());
        }
        for (int words = requests.readInt(); words >= 0; words = requests.readInt()) {
            String[] command = new String[words];
            for (int i = 0; i < words; i++) {
                command[i] = new String(read(requests), StandardCharsets.UTF_8);
            }
            int status = run(command, new ByteArrayInputStream(read(requests)));
            answers.writeInt(status);
            write(answers, out.toByteArray());
            write(answers, err.toByteArray());
            answers.flush();
        }
    }

    private static byte[] read(DataInputStream in) throws Exception {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return bytes;
    }

    private static void write(DataOutputStream to, byte[] bytes) throws Exception {
        to.writeInt(bytes.length);
        to.write(bytes);
    }

    private static int run(String[] command, InputStream input) throws Exception {
        InputStream in = System.in;
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        out = new Recorder();
        err = new Recorder();
        System.setIn(input);
        System.setOut(new PrintStream(out, true, "UTF-8"));
        System.setErr(new PrintStream(err, true, "UTF-8"));
        try {
            return keytool(command);
        } finally {
            System.out.flush();
            System.err.flush();
            System.setIn(in);
            System.setOut(stdout);
            System.setErr(stderr);
        }
    }

    /** What its main does; that would end this JVM. */
    private static int keytool(String[] command) throws Exception {
        Class<?> type = Class.forName("sun.security.tools.keytool.Main");
        Constructor<?> constructor = type.getDeclaredConstructor();
        Method run = type.getDeclaredMethod("run", String[].class, PrintStream.class);
        constructor.setAccessible(true);
        run.setAccessible(true);
        try {
            Object status = run.invoke(constructor.newInstance(), command, System.out);
            return status == null ? 0 : (Integer) status;
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exit) {
                return ((Exit) e.getCause()).status;
            }
            throw e;
        }
    }
}
