//! Which route a request finds, and which routes cannot stand beside each other.

use super::*;
use crate::policy::path;

fn route(name: &str, hosts: &[&str], methods: &[Method], paths: &[&str]) -> Listed {
    let patterns = paths.iter().map(|path| Pattern::parse(path).unwrap());
    Listed {
        route: Rc::new(Route {
            name: name.into(),
            class: Class::Page,
            cost: 1,
            mode: None,
        }),
        paths: patterns.enumerate().collect(),
        methods: methods.to_vec(),
        hosts: hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect(),
    }
}

fn find<'r>(routes: &'r Routes, method: &str, host: &str, path: &str) -> &'r str {
    let host = normal_host(host.as_bytes());
    let path = path::lower(path::normal(path.as_bytes()).unwrap());
    &routes.find(method.as_bytes(), host.as_deref(), &path).0.name
}

fn clashes(listed: Vec<Listed>) -> Vec<(usize, usize, bool)> {
    let found = Routes::new(listed).unwrap_err();
    found
        .iter()
        .map(|clash| (clash.at.route, clash.with.route, clash.same))
        .collect()
}

#[test]
fn the_most_specific_pattern_wins() {
    let routes = Routes::new(vec![
        route("all", &[], &[], &["/{*rest}"]),
        route("user", &[], &[], &["/users/{id}"]),
        route("me", &[], &[], &["/users/me/"]),
        route("files", &[], &[], &["/users/{id}/files/{*rest}"]),
    ])
    .unwrap();
    for (path, name) in [
        ("/users/me", "me"),
        ("/users/me/", "me"),
        ("/users/7", "user"),
        ("/users/7/x", "all"),
        ("/users/7/files", "files"),
        ("/users/7/files/", "files"),
        ("/users/7/files/a/b", "files"),
        ("/users/me/files/a", "files"),
        ("/", "all"),
        ("", "all"),
        ("/%75sers/./me;x?y", "me"),
    ] {
        assert_eq!(find(&routes, "GET", "a.example", path), name, "{path}");
    }
}

#[test]
fn a_host_comes_before_a_wildcard_and_that_before_any() {
    let routes = Routes::new(vec![
        route("exact", &["shop.example.com"], &[], &["/a"]),
        route("long", &["*.shop.example.com"], &[], &["/{x}"]),
        route("wild", &["*.example.com"], &[], &["/{x}"]),
        route("any", &[], &[], &["/{*rest}"]),
        route("six", &["[2001:db8::1]"], &[], &["/a"]),
    ])
    .unwrap();
    for (host, path, name) in [
        ("shop.example.com", "/a", "exact"),
        ("SHOP.Example.com:8443", "/a", "exact"),
        ("shop.example.com.", "/a", "exact"),
        ("shop.example.com", "/b", "wild"),
        ("shop.example.com", "/b/c", "any"),
        ("x.y.shop.example.com", "/a", "long"),
        ("x.example.com", "/a", "wild"),
        ("example.com", "/a", "any"),
        ("notexample.com", "/a", "any"),
        ("[2001:DB8::1]:443", "/a", "six"),
        ("[2001:db8::1]", "/a", "six"),
        ("", "/a", "any"),
        ("a b", "/a", "any"),
    ] {
        assert_eq!(find(&routes, "GET", host, path), name, "{host} {path}");
    }
}

#[test]
fn a_method_that_is_named_comes_before_any_on_the_same_pattern_only() {
    let routes = Routes::new(vec![
        route("write", &[], &[Method::Post, Method::Put], &["/api/{*rest}"]),
        route("all", &[], &[], &["/api/{*rest}"]),
        route("login", &[], &[], &["/api/login"]),
        route("form", &[], &[Method::Get], &["/api/form"]),
        route("exact", &[], &[], &["/api"]),
    ])
    .unwrap();
    for (method, path, name) in [
        ("POST", "/api/x", "write"),
        ("PUT", "/api/x", "write"),
        ("GET", "/api/x", "all"),
        ("post", "/api/x", "all"),
        ("BREW", "/api/x", "all"),
        ("POST", "/api/login", "login"),
        ("GET", "/api/form", "form"),
        ("POST", "/api/form", "write"),
        ("HEAD", "/api/form", "all"),
        ("POST", "/api", "exact"),
    ] {
        assert_eq!(find(&routes, method, "", path), name, "{method} {path}");
    }
}

#[test]
fn the_same_pattern_twice_clashes_only_for_the_same_host_and_method() {
    let same = |one: Listed, other: Listed| Routes::new(vec![one, other]).is_err();
    let get = &[Method::Get];
    assert!(same(route("a", &[], &[], &["/{a}"]), route("b", &[], &[], &["/{b}"])));
    assert!(same(route("a", &[], get, &["/a"]), route("b", &[], get, &["/a/"])));
    assert!(same(
        route("a", &["a.b"], &[], &["/a"]),
        route("b", &["x", "A.B"], &[], &["/a"])
    ));
    assert!(!same(
        route("a", &["a.b"], &[], &["/a"]),
        route("b", &["*.b"], &[], &["/a"])
    ));
    assert!(!same(
        route("a", &[], get, &["/a"]),
        route("b", &[], &[Method::Post], &["/a"])
    ));
    assert!(!same(route("a", &[], get, &["/a"]), route("b", &[], &[], &["/a"])));
    assert!(!same(
        route("a", &[], &[], &["/a"]),
        route("b", &[], &[], &["/a/{*rest}"])
    ));
    assert_eq!(
        clashes(vec![
            route("a", &[], &[], &["/a"]),
            route("b", &["x"], &[], &["/a"]),
            route("c", &[], &[], &["/a", "/b", "/b"]),
        ]),
        [(2, 0, true), (2, 2, true)]
    );
}

#[test]
fn patterns_that_the_router_cannot_rank_clash_with_both_places() {
    let found = clashes(vec![
        route("a", &[], &[], &["/a/{one}/b"]),
        route("b", &[], &[], &["/a/{*rest}"]),
    ]);
    assert_eq!(found, [(1, 0, false)]);
}

#[test]
fn what_is_no_pattern_is_told_why() {
    let error = |text: &str| Pattern::parse(text).unwrap_err();
    assert_eq!(error("login"), PatternError::NoSlash);
    assert_eq!(error(&format!("/{}", "a".repeat(512))), PatternError::TooLong);
    for braces in ["/{", "/{}", "/{a", "/a}", "/{a}{b}", "/{*rest}/a", "/{*}"] {
        assert!(matches!(error(braces), PatternError::Braces(_)), "{braces}");
    }
    for (text, form) in [
        ("/a//b", "/a/b"),
        ("/a/../b", "/b"),
        ("/log%69n", "/login"),
        ("/a?b", "/a"),
        ("/a;b", "/a"),
        ("/a b", "/a%20b"),
        ("/caf\u{e9}", "/caf%C3%A9"),
    ] {
        assert_eq!(error(text), PatternError::NeverMatches(form.to_owned()), "{text}");
    }
    assert_eq!(Pattern::parse("/{{x}}/{y}").unwrap().text, "/{{x}}/{p0}");
}

#[test]
fn hosts_are_names_addresses_or_all_below_a_name() {
    for host in [
        "example.com",
        "*.Example.com",
        "a_b.c",
        "192.0.2.7",
        "[2001:db8::1]",
        "localhost",
    ] {
        assert!(HostPattern::parse(host).is_some(), "{host}");
    }
    for host in [
        "", "*", "*.", "a..b", ".a", "a:80", "http://a", "a.*", "*a.b", "a/b", "[::1]:80", "[x]", "*.*.a",
    ] {
        assert_eq!(HostPattern::parse(host), None, "{host}");
    }
}

#[test]
fn a_route_is_not_left_by_a_shift_key() {
    let routes = Routes::new(vec![
        route("login", &[], &[], &["/LogIn"]),
        route("user", &[], &[], &["/users/{Id}/Pay"]),
    ]);
    let routes = routes.unwrap();
    for path in ["/login", "/LOGIN", "/Login/"] {
        assert_eq!(find(&routes, "POST", "a.example", path), "login", "{path}");
    }
    assert_eq!(find(&routes, "POST", "a.example", "/Users/Me/pay"), "user");
    let same = vec![route("a", &[], &[], &["/Login"]), route("b", &[], &[], &["/login"])];
    assert_eq!(clashes(same).len(), 1);
}

#[test]
fn an_extension_leads_out_of_no_route() {
    let routes = vec![
        route("login", &[], &[], &["/login"]),
        route("css", &[], &[], &["/login.css"]),
    ];
    let routes = Routes::new(routes).unwrap();
    for (path, found) in [
        ("/login.json", "login"),
        ("/Login.PHP", "login"),
        ("/login.css", "css"),
        ("/login.", "default"),
        ("/.login", "default"),
        ("/a.b/login", "default"),
        ("/login.json/x", "default"),
    ] {
        assert_eq!(find(&routes, "POST", "a.example", path), found, "{path}");
    }
}
