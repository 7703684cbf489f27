//! Stories and laws, in one binary.

#![allow(clippy::unwrap_used)]

mod adding;
mod alerting;
mod backfilling;
mod bad_input;
mod browsing;
mod company;
mod comparing;
mod configuration;
mod crashes;
mod desk;
mod documents;
mod exchange;
mod faces;
mod farm;
mod fetching;
mod harder_pages;
mod health;
mod hostile;
mod judging;
mod kinds;
mod ladder;
mod layers;
mod many;
mod moving;
mod moving_pages;
mod odd_pages;
mod outlines;
mod pages;
mod parts;
mod practices;
mod pywb;
mod reading;
mod rendering;
mod settings;
mod several;
mod states;
mod store;
mod time;
mod tongues;
mod walls;
mod world;
