//! Being let in: TLS with certificates on both sides, names and passwords, at a real Prometheus server.

use flightdeck::{
    plan::Server,
    sources::{Context, http::http_client, prometheus::Client},
};

use crate::{
    LIMIT, openssl, plain, plan, sampler,
    support::prometheus::{Prometheus, Setup, until},
};

/// The password `test` as bcrypt keeps it, from Prometheus' own guide.
const HASH: &str = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay";

/// An authority, a server's certificate, ours, and one of another authority.
const CERTIFICATES: &str = "
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
printf 'subjectAltName = IP:127.0.0.1\\n' >server.cnf
printf 'extendedKeyUsage = clientAuth\\n' >client.cnf
for ca in ca other; do openssl req -x509 -new $key -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; done
for name in server client; do
    openssl req -new $key -keyout $name.key -out $name.csr -subj /CN=$name
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $name.cnf -days 2 -out $name.pem
done
";

/// A certificate that is missing or not trusted: with TLS 1.3 the server may say so, or may be gone before it is heard.
const REFUSED: &str = "127.0.0.1:";

#[tokio::test]
async fn certificates_and_passwords() {
    let folder = tempfile::tempdir().unwrap();
    if !openssl(folder.path(), CERTIFICATES) {
        return;
    }
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    write("password", "test\n");
    write("wrong", "hunter2\n");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let web = format!(
        "tls_server_config:\n  cert_file: {}\n  key_file: {}\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {}\n\
         basic_auth_users:\n  alice: {HASH}\n",
        file("server.pem"),
        file("server.key"),
        file("ca.pem")
    );
    let setup = Setup { web: Some(web), ..Setup::default() };
    let Some(server) = Prometheus::start_with(&[], &setup).await else { return };
    let context = Context { folder: folder.path().to_owned(), ..plain() };
    let described = |basic: &str, tls: &str| {
        let text = format!(
            "[servers.main]\nurl = '{}'\nretries = 0\nbasic = {{ user = 'alice', password = '{basic}' }}\n{tls}\n\
             [signals.one]\nsource = 'prometheus'\nserver = 'main'\nquery = 'vector(1)'\ntimeout = '20s'\n",
            server.url()
        );
        plan(&text)
    };
    let both = "tls = { ca = 'ca.pem', cert = 'client.pem', key = 'file:client.key' }";
    let right = described("file:password", both);
    let client = Client::new(&right.servers["main"], &context);
    until("the server", async || client.number("vector(1)", LIMIT).await.ok()?).await;

    let number = sampler(&right, &context).sample().await.remove(0).sample.value.number();
    assert_eq!(number, Some(1.0));
    for (password, tls, expected) in [
        ("command:cat password", both, None),
        ("file:wrong", both, Some("it does not let us in: 401 Unauthorized")),
        ("env:FLIGHTDECK_NOT_SET", both, Some("env:FLIGHTDECK_NOT_SET is not set")),
        ("file:password", "", Some("invalid peer certificate: UnknownIssuer")),
        ("file:password", "tls = { ca = 'other.pem' }", Some("invalid peer certificate: UnknownIssuer")),
        ("file:password", "tls = { ca = 'ca.pem' }", Some(REFUSED)),
        ("file:password", "tls = { ca = 'ca.pem', cert = 'other.pem', key = 'file:other.key' }", Some(REFUSED)),
    ] {
        let plan = described(password, tls);
        let sample = sampler(&plan, &context).sample().await.remove(0).sample;
        match expected {
            None => assert_eq!(sample.value.number(), Some(1.0), "{password} {tls}"),
            Some(expected) => {
                let why = format!("{:?}", sample.value);
                assert!(why.contains(expected) && !why.contains("hunter2"), "{password} {tls}: {why}");
            }
        }
    }

    // A certificate that is renewed is taken up without a restart, within a while; here by a client that begins with another.
    let other = Server { retries: 0, ..right.servers["main"].clone() };
    for name in ["client.pem", "client.key"] {
        std::fs::copy(folder.path().join(name), folder.path().join(format!("kept.{name}"))).unwrap();
        std::fs::copy(folder.path().join(name.replace("client", "other")), folder.path().join(name)).unwrap();
    }
    let client = Client::new(&other, &context);
    assert!(client.number("vector(1)", LIMIT).await.is_err());
    for name in ["client.pem", "client.key"] {
        std::fs::copy(folder.path().join(format!("kept.{name}")), folder.path().join(name)).unwrap();
    }
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    assert_eq!(client.number("vector(1)", LIMIT).await.unwrap().unwrap().value, 1.0);

    // Whoever does not speak TLS is told so, in some words.
    let plain = Client::new(&Server { url: server.url().replace("https", "http"), retries: 0, ..Server::default() }, &context);
    assert!(plain.number("vector(1)", LIMIT).await.is_err());
    drop(http_client());
}
