//! The routes of a configuration that names none: what paths are usually called. They are there so that the ladders of the classes mean
//! something from the first minute on; a site's own `routes` replace them all.

use super::{Class, Listed, Pattern, Route};
use std::rc::Rc;

/// A route's name, which is its class's, and its paths.
const ROUTES: [(Class, &[&str]); 6] = [
    (
        Class::Login,
        &[
            "/login",
            "/login/{*rest}",
            "/log-in",
            "/logon",
            "/signin",
            "/sign-in",
            "/sign_in",
            "/signup",
            "/sign-up",
            "/register",
            "/session",
            "/sessions",
            "/auth/{*rest}",
            "/oauth/{*rest}",
            "/oauth2/{*rest}",
            "/account/login",
            "/account/signin",
            "/account/register",
            "/accounts/login",
            "/user/login",
            "/users/login",
            "/users/sign_in",
            "/users/password/{*rest}",
            "/api/login",
            "/api/auth/{*rest}",
            "/api/session",
            "/api/sessions",
            "/api/v1/login",
            "/api/v1/auth/{*rest}",
            "/forgot-password",
            "/password-reset/{*rest}",
            "/password/{*rest}",
            "/reset-password/{*rest}",
            "/wp-login.php/{*rest}",
            "/xmlrpc.php/{*rest}",
        ],
    ),
    (
        Class::Checkout,
        &[
            "/checkout/{*rest}",
            "/cart/{*rest}",
            "/basket/{*rest}",
            "/payment/{*rest}",
            "/payments/{*rest}",
            "/order/{*rest}",
            "/orders/{*rest}",
            "/api/checkout/{*rest}",
            "/api/cart/{*rest}",
            "/api/payment/{*rest}",
            "/api/payments/{*rest}",
        ],
    ),
    (
        Class::Search,
        &[
            "/search/{*rest}",
            "/find",
            "/suggest",
            "/autocomplete",
            "/api/search/{*rest}",
        ],
    ),
    (
        Class::Api,
        &[
            "/api/{*rest}",
            "/graphql",
            "/rest/{*rest}",
            "/rpc/{*rest}",
            "/v1/{*rest}",
            "/v2/{*rest}",
            "/v3/{*rest}",
            "/wp-json/{*rest}",
        ],
    ),
    (
        Class::Admin,
        &[
            "/admin/{*rest}",
            "/administrator/{*rest}",
            "/api/admin/{*rest}",
            "/manage/{*rest}",
            "/phpmyadmin/{*rest}",
            "/wp-admin/{*rest}",
        ],
    ),
    (
        Class::Static,
        &[
            "/static/{*rest}",
            "/assets/{*rest}",
            "/public/{*rest}",
            "/dist/{*rest}",
            "/media/{*rest}",
            "/images/{*rest}",
            "/image/{*rest}",
            "/img/{*rest}",
            "/js/{*rest}",
            "/css/{*rest}",
            "/fonts/{*rest}",
            "/_next/static/{*rest}",
            "/wp-content/{*rest}",
            "/wp-includes/{*rest}",
            "/.well-known/{*rest}",
            "/apple-touch-icon.png",
            "/favicon.ico",
            "/manifest.json",
            "/robots.txt",
            "/sitemap.xml",
        ],
    ),
];

pub(super) fn listed() -> Vec<Listed> {
    let listed = ROUTES.iter().map(|(class, paths)| {
        let patterns = paths.iter().enumerate();
        Listed {
            route: Rc::new(Route {
                name: class.as_str().into(),
                class: *class,
                cost: class.cost(),
                mode: None,
            }),
            paths: patterns
                .filter_map(|(n, path)| Some((n, Pattern::parse(path).ok()?)))
                .collect(),
            methods: Vec::new(),
            hosts: Vec::new(),
        }
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Found, Routes};
    use super::*;

    #[test]
    fn each_of_them_is_a_pattern_and_clashes_with_none() {
        let routes = Routes::new(listed()).unwrap();
        assert_eq!(routes, Routes::built_in());
        for (listed, (_, paths)) in listed().iter().zip(ROUTES) {
            assert_eq!(listed.paths.len(), paths.len(), "{}", listed.route.name);
        }
    }

    #[test]
    fn usual_paths_fall_into_their_classes() {
        let routes = Routes::built_in();
        for (path, class) in [
            ("/login", Class::Login),
            ("/oauth/token", Class::Login),
            ("/auth/callback/google", Class::Login),
            ("/wp-login.php", Class::Login),
            // PHP takes what stands behind a script's name for its input.
            ("/wp-login.php/x", Class::Login),
            ("/api/v1/login", Class::Login),
            ("/password-reset", Class::Login),
            ("/checkout", Class::Checkout),
            ("/checkout/step/2", Class::Checkout),
            ("/cart", Class::Checkout),
            ("/search", Class::Search),
            ("/api", Class::Api),
            ("/api/v1/users/7", Class::Api),
            ("/graphql", Class::Api),
            ("/admin/users", Class::Admin),
            ("/wp-admin/post.php", Class::Admin),
            ("/static/app.js", Class::Static),
            ("/.well-known/acme-challenge/x", Class::Static),
            ("/robots.txt", Class::Static),
        ] {
            let (route, found) = routes.find(b"GET", Some("a.example"), path);
            assert_eq!((route.class, found), (class, Found::Pattern), "{path}");
        }
        for path in ["/", "/products/7", "/logins", "/apis", "/blog/admin"] {
            let (route, found) = routes.find(b"GET", None, path);
            assert_eq!(
                (&*route.name, route.class, found),
                ("default", Class::Page, Found::Default),
                "{path}"
            );
        }
    }
}
