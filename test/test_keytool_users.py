"""An image is built as root and run as somebody else: the same script with the JDK's keytool and with a link of that name to ours."""
import os
import shutil
import tempfile

import pytest

from lab import proc

SCRIPT = """set -e
umask 022
mkdir -p app
for type in PKCS12 JKS; do
    keytool -importcert -noprompt -trustcacerts -alias corp -file ca.crt -keystore app/trust.$type -storetype $type -storepass changeit
    chmod 644 app/trust.$type
done
keytool -genkeypair -alias app -keyalg EC -dname CN=app -keystore app/key.p12 -storepass changeit
"""
SOMEBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture
def image(pki):
    """A folder that everybody may enter."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = tempfile.mkdtemp(prefix="mutual-image-", dir="/var/tmp")
    os.chmod(folder, 0o755)
    shutil.copy(pki.dir / "root.crt", f"{folder}/ca.crt")
    yield folder
    shutil.rmtree(folder)


def tools(mutual, jdks, folder):
    """PATH with one keytool each."""
    os.makedirs(f"{folder}/bin")
    os.symlink(mutual.path, f"{folder}/bin/keytool")
    return {"ours": f"{folder}/bin", "theirs": str(jdks[-1].bin)}


def build(image, path):
    proc.run_ok(["rm", "-rf", "app"], cwd=image)
    proc.run_ok(["sh", "-c", SCRIPT], cwd=image, env={"PATH": f"{path}:{os.environ['PATH']}"})
    return {file: os.stat(f"{image}/app/{file}").st_mode & 0o777 for file in sorted(os.listdir(f"{image}/app"))}


def as_somebody(image, path, file):
    return proc.run([*SOMEBODY, f"{path}/keytool", "-list", "-keystore", f"app/{file}", "-storepass", "changeit"], cwd=image)


def test_made_as_root_and_read_by_somebody(mutual, jdks, image):
    paths = tools(mutual, jdks, image)
    for maker, path in paths.items():
        modes = build(image, path)
        assert modes["trust.PKCS12"] == modes["trust.JKS"] == 0o644
        for file in ("trust.PKCS12", "trust.JKS"):
            seen = {reader: as_somebody(image, own, file) for reader, own in paths.items()}
            assert [result.status for result in seen.values()] == [0, 0], seen
            assert seen["ours"].out == seen["theirs"].out and "corp, " in seen["ours"].out
        assert modes["key.p12"] == {"ours": 0o600, "theirs": 0o644}[maker]  # on purpose: docs/keytool.md


def test_a_private_key_is_for_its_owner_until_given_away(mutual, jdks, image):
    path = tools(mutual, jdks, image)["ours"]
    build(image, path)
    refused = as_somebody(image, path, "key.p12")
    assert refused.status == 1 and refused.out == "keytool error: java.io.FileNotFoundException: app/key.p12 (Permission denied)\n"
    assert "file-permission" in refused.err
    os.chown(f"{image}/app/key.p12", 65534, 65534)
    assert "app, " in as_somebody(image, path, "key.p12").out
