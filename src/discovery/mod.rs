//! From a company's address to its policies, and from an old address of a policy to a new
//! one: what links, sitemaps, titles and texts say of that.
//!
//! | file | what |
//! |---|---|
//! | [`names`] | what words and addresses call a policy, in the languages of publishers |
//! | [`address`] | which addresses are one, and which are only the same in another language |
//! | [`candidates`] | which links are worth a request, best first |
//! | [`sitemap`] | the addresses that a site lists for robots |
//! | [`kind`] | of which kind a text is, and whether it is a policy at all |
//! | [`ids`] | names for new watches |
//! | [`alike`] | how much of one text is in another |
//! | [`moves`] | whether a policy went elsewhere, and who decides that |
//!
//! Rules are about language and structure, never about a named site. Who asks the site is
//! [`crate::survey`] and [`crate::moving`].

pub mod address;
pub mod alike;
pub mod candidates;
pub mod ids;
pub mod kind;
pub mod moves;
pub mod names;
pub mod sitemap;
