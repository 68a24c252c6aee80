//! The page: one HTML document that needs nothing from elsewhere.
