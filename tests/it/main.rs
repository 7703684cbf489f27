//! Stories and laws, in one binary.

#![allow(clippy::unwrap_used)]

mod adding;
mod alerting;
mod bad_input;
mod company;
mod comparing;
mod configuration;
mod desk;
mod documents;
mod faces;
mod fetching;
mod hostile;
mod judging;
mod kinds;
mod layers;
mod moving;
mod outlines;
mod pages;
mod practices;
mod reading;
mod settings;
mod several;
mod states;
mod store;
mod time;
mod tongues;
mod walls;
mod world;
