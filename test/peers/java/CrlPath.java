import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CRL;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** CrlPath CHAIN ROOT CRL…: "OK", or "INDEX REASON" of the certificate that the JDK refuses. Nothing is fetched. */
public class CrlPath {
    public static void main(String[] args) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<Certificate> chain;
        List<CRL> crls = new ArrayList<>();
        try (InputStream in = new FileInputStream(args[0])) {
            chain = new ArrayList<>(factory.generateCertificates(in));
        }
        X509Certificate root;
        try (InputStream in = new FileInputStream(args[1])) {
            root = (X509Certificate) factory.generateCertificate(in);
        }
        for (int i = 2; i < args.length; i++) {
            try (InputStream in = new FileInputStream(args[i])) {
                crls.addAll(factory.generateCRLs(in));
            }
        }
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXParameters params = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
        params.addCertPathChecker(checker);
        params.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
        try {
            validator.validate(factory.generateCertPath(chain), params);
            System.out.println("OK");
        } catch (CertPathValidatorException e) {
            System.out.println(e.getIndex() + " " + e.getReason());
        }
    }
}
