//! Tables over four zones, and the laws of schedules.

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Timelike};
use chrono_tz::{America, Asia, Australia, Europe, Pacific};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    crate::time::parse_rfc3339(text).expect(text)
}

fn id(text: &str) -> WatchId {
    WatchId::new(text).expect(text)
}

/// Asserts the next times after a moment, in local time with offset.
#[track_caller]
fn runs(expression: &str, zone: Tz, after: &str, expected: &[&str]) {
    let schedule = Schedule::cron(expression, zone).expect(expression);
    let mut moment = at(after);
    let seen: Vec<String> = expected
        .iter()
        .map(|_| {
            moment = schedule.next_after(moment).expect("a next run");
            moment.with_timezone(&zone).format("%Y-%m-%d %H:%M %:z").to_string()
        })
        .collect();
    assert_eq!(seen, expected, "{expression} in {zone}");
}

#[test]
fn says_the_days_and_times_of_crontab() {
    // 2026-11-22 is a Sunday.
    let sunday = "2026-11-22T12:00:00Z";
    for (expression, expected) in [
        ("0 6 * * 1", ["2026-11-23 06:00 +00:00", "2026-11-30 06:00 +00:00"]),
        ("0 6 * * MON", ["2026-11-23 06:00 +00:00", "2026-11-30 06:00 +00:00"]),
        ("0 6 * * 0", ["2026-11-29 06:00 +00:00", "2026-12-06 06:00 +00:00"]),
        ("0 6 * * 7", ["2026-11-29 06:00 +00:00", "2026-12-06 06:00 +00:00"]),
        ("0 6 * * 5-7/2", ["2026-11-27 06:00 +00:00", "2026-11-29 06:00 +00:00"]),
        ("0 6 * * sat-sun", ["2026-11-28 06:00 +00:00", "2026-11-29 06:00 +00:00"]),
        ("0 6 * * 1-5/2", ["2026-11-23 06:00 +00:00", "2026-11-25 06:00 +00:00"]),
        ("*/15 * * * *", ["2026-11-22 12:15 +00:00", "2026-11-22 12:30 +00:00"]),
        ("5,35 12-13 * * *", ["2026-11-22 12:05 +00:00", "2026-11-22 12:35 +00:00"]),
        ("0 0 1 JAN,Jul *", ["2027-01-01 00:00 +00:00", "2027-07-01 00:00 +00:00"]),
        ("  0   0  29 2 * ", ["2028-02-29 00:00 +00:00", "2032-02-29 00:00 +00:00"]),
        ("@hourly", ["2026-11-22 13:00 +00:00", "2026-11-22 14:00 +00:00"]),
        ("@daily", ["2026-11-23 00:00 +00:00", "2026-11-24 00:00 +00:00"]),
        ("@midnight", ["2026-11-23 00:00 +00:00", "2026-11-24 00:00 +00:00"]),
        ("@Weekly", ["2026-11-29 00:00 +00:00", "2026-12-06 00:00 +00:00"]),
        ("@monthly", ["2026-12-01 00:00 +00:00", "2027-01-01 00:00 +00:00"]),
        ("@yearly", ["2027-01-01 00:00 +00:00", "2028-01-01 00:00 +00:00"]),
        ("@annually", ["2027-01-01 00:00 +00:00", "2028-01-01 00:00 +00:00"]),
    ] {
        runs(expression, Tz::UTC, sunday, &expected);
    }
}

#[test]
fn either_day_field_is_enough_if_both_are_given() {
    // Mondays and the 24th.
    runs(
        "0 6 24 * 1",
        Tz::UTC,
        "2026-11-22T12:00:00Z",
        &["2026-11-23 06:00 +00:00", "2026-11-24 06:00 +00:00", "2026-11-30 06:00 +00:00"],
    );
    // A field that starts with a star is not given: odd days that are Mondays.
    runs("0 6 */2 * 1", Tz::UTC, "2026-11-22T12:00:00Z", &["2026-11-23 06:00 +00:00", "2026-12-07 06:00 +00:00"]);
    // The day that never comes does no harm beside one that does.
    runs("0 6 31 2 1", Tz::UTC, "2026-11-22T12:00:00Z", &["2027-02-01 06:00 +00:00", "2027-02-08 06:00 +00:00"]);
}

#[test]
fn a_time_that_does_not_exist_runs_when_the_clock_shows_anything_again() {
    runs("30 2 * * *", Europe::Paris, "2026-03-28T12:00:00Z", &["2026-03-29 03:00 +02:00", "2026-03-30 02:30 +02:00"]);
    runs(
        "0,30 2 * * *",
        America::New_York,
        "2026-03-07T12:00:00Z",
        &["2026-03-08 03:00 -04:00", "2026-03-09 02:00 -04:00"],
    );
    // Half an hour only: 02:00 becomes 02:30.
    runs(
        "15 2 * * *",
        Australia::Lord_Howe,
        "2026-10-03T12:00:00Z",
        &["2026-10-04 02:30 +11:00", "2026-10-05 02:15 +11:00"],
    );
    // Midnight itself is missing.
    runs("@daily", Asia::Beirut, "2026-03-28T12:00:00Z", &["2026-03-29 01:00 +03:00", "2026-03-30 00:00 +03:00"]);
    // The day that Samoa left out.
    runs("0 6 30 12 *", Pacific::Apia, "2011-12-29T12:00:00Z", &["2011-12-31 00:00 +14:00", "2012-12-30 06:00 +14:00"]);
}

#[test]
fn a_time_that_comes_twice_runs_once() {
    runs("30 2 * * *", Europe::Paris, "2026-10-24T12:00:00Z", &["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"]);
    runs(
        "30 1 * * *",
        America::New_York,
        "2026-10-31T12:00:00Z",
        &["2026-11-01 01:30 -04:00", "2026-11-02 01:30 -05:00"],
    );
    runs(
        "45 1 * * *",
        Australia::Lord_Howe,
        "2026-04-04T12:00:00Z",
        &["2026-04-05 01:45 +11:00", "2026-04-06 01:45 +10:30"],
    );
    // Also when we look in the second round.
    runs("30 2 * * *", Europe::Paris, "2026-10-25T01:10:00Z", &["2026-10-26 02:30 +01:00"]);
}

#[test]
fn what_runs_every_hour_runs_in_the_repeated_hour_too() {
    runs(
        "*/30 * * * *",
        Europe::Paris,
        "2026-10-25T00:00:00Z",
        &["2026-10-25 02:30 +02:00", "2026-10-25 02:00 +01:00", "2026-10-25 02:30 +01:00", "2026-10-25 03:00 +01:00"],
    );
    runs(
        "15 * * * *",
        America::New_York,
        "2026-11-01T05:00:00Z",
        &["2026-11-01 01:15 -04:00", "2026-11-01 01:15 -05:00", "2026-11-01 02:15 -05:00"],
    );
    runs(
        "*/15 * * * *",
        Australia::Lord_Howe,
        "2026-04-04T14:30:00Z",
        &["2026-04-05 01:45 +11:00", "2026-04-05 01:30 +10:30", "2026-04-05 01:45 +10:30", "2026-04-05 02:00 +10:30"],
    );
    // The hour that does not exist is simply not there.
    runs(
        "*/30 * * * *",
        Europe::Paris,
        "2026-03-29T00:10:00Z",
        &["2026-03-29 01:30 +01:00", "2026-03-29 03:00 +02:00", "2026-03-29 03:30 +02:00"],
    );
}

#[test]
fn wrong_expressions_are_told_which_field_and_what_would_be_right() {
    let said: Vec<String> = [
        "",
        "6",
        "0 6 * *",
        "0 0 6 * * 1",
        "TZ=Europe/Paris 0 6 * * 1",
        "60 6 * * 1",
        "0 24 * * 1",
        "0 6 0 * 1",
        "0 6 * 13 1",
        "0 6 * * 8",
        "0 6 * * monday",
        "0 6 L * *",
        "0 6 ? * 1",
        "0 6 * * 1#2",
        "10/15 * * * *",
        "*/0 * * * *",
        "*/90 * * * *",
        "0 22-4 * * *",
        "0 6 * * fri-mon",
        "0 6 1, * *",
        "0 6 +1 * *",
        "0 0 31 2 *",
        "0 0 30-31 feb *",
        "@fortnightly",
    ]
    .into_iter()
    .map(|text| {
        let error = Schedule::cron(text, Tz::UTC).expect_err(text);
        format!("{text}\n  {error}\n  {}", error.hint.as_deref().unwrap_or_default())
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
      the schedule is empty
      five fields: minute, hour, day of month, month, day of week, as in "0 6 * * 1" (Mondays at 06:00)
    6
      "6" has 1 field, a schedule has 5
      five fields: minute, hour, day of month, month, day of week, as in "0 6 * * 1" (Mondays at 06:00)
    0 6 * *
      "0 6 * *" has 4 fields, a schedule has 5
      five fields: minute, hour, day of month, month, day of week, as in "0 6 * * 1" (Mondays at 06:00)
    0 0 6 * * 1
      "0 0 6 * * 1" has 6 fields, a schedule has 5
      crontab has no field for seconds (and none for years): write "0 6 * * 1"
    TZ=Europe/Paris 0 6 * * 1
      "TZ=Europe/Paris 0 6 * * 1" has 6 fields, a schedule has 5
      the time zone goes into the key timezone; a schedule has five fields: minute, hour, day of month, month, day of week, as in "0 6 * * 1" (Mondays at 06:00)
    60 6 * * 1
      "60" is no minute
      write 0 to 59, or * for every one
    0 24 * * 1
      "24" is no hour
      write 0 to 23, or * for every one
    0 6 0 * 1
      "0" is no day of month
      write 1 to 31, or * for every one
    0 6 * 13 1
      "13" is no month
      write 1 to 12 or jan to dec, or * for every one
    0 6 * * 8
      "8" is no day of week
      write 0 to 7 (0 and 7 are Sunday) or sun to sat, or * for every one
    0 6 * * monday
      "monday" is no day of week
      write 0 to 7 (0 and 7 are Sunday) or sun to sat, or * for every one
    0 6 L * *
      in the field day of month: "L" is not known to crontab
      ?, L, W and # belong to other schedulers; write 1 to 31, or * for every one
    0 6 ? * 1
      in the field day of month: "?" is not known to crontab
      ?, L, W and # belong to other schedulers; write 1 to 31, or * for every one
    0 6 * * 1#2
      in the field day of week: "1#2" is not known to crontab
      ?, L, W and # belong to other schedulers; write 0 to 7 (0 and 7 are Sunday) or sun to sat, or * for every one
    10/15 * * * *
      in the field minute: a step needs a range, and "10" is a single number
      write "10-59/15"
    */0 * * * *
      in the field minute: "0" is no step
      steps go from 1 to 59
    */90 * * * *
      in the field minute: "90" is no step
      steps go from 1 to 59
    0 22-4 * * *
      in the field hour: the range "22-4" runs backwards
      write "22-23,0-4"
    0 6 * * fri-mon
      in the field day of week: the range "fri-mon" runs backwards
      write "5-6,0-1"
    0 6 1, * *
      in the field day of month: a number is missing
      write 1 to 31, or * for every one
    0 6 +1 * *
      "+1" is no day of month
      write 1 to 31, or * for every one
    0 0 31 2 *
      "0 0 31 2 *" never comes: no such month has a day 31
      use a day that the month has
    0 0 30-31 feb *
      "0 0 30-31 feb *" never comes: no such month has a day 30-31
      use a day that the month has
    @fortnightly
      "@fortnightly" is no schedule
      the shorthands are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually
    "#);
}

#[test]
fn is_shown_as_configured_and_read_again() {
    for (schedule, shown) in [
        (Schedule::cron("0 6  * * mon", Europe::Paris).expect("sound"), "0 6 * * mon (Europe/Paris)"),
        (Schedule::cron("@daily", Tz::UTC).expect("sound"), "@daily (UTC)"),
        (Schedule::every(Duration::from_secs(43_200)), "every 12h"),
        (Schedule::every(Duration::from_secs(5_400)), "every 1h 30m"),
    ] {
        assert_eq!(schedule.to_string(), shown);
        assert_eq!(shown.parse(), Ok(schedule));
    }
    assert_eq!("1d".parse(), Ok(Schedule::every(Duration::from_secs(86_400))));
    assert_eq!("0 6 * * 1".parse(), Schedule::cron("0 6 * * 1", Tz::UTC));
    "0 6 * * 1 (Mars/Olympus)".parse::<Schedule>().expect_err("no such zone");
}

#[test]
fn a_watch_keeps_its_place_in_the_window() {
    let window = Duration::from_secs(300);
    let places: Vec<Duration> = (0..200).map(|n| spread(&id(&format!("watch-{n}")), window)).collect();
    assert!(places.iter().all(|place| *place < window));
    // Two hundred watches in five minutes: no half minute (a tenth) holds more than a fifth of them.
    for from in (0..300).step_by(30) {
        let (from, to) = (Duration::from_secs(from), Duration::from_secs(from + 30));
        let there = places.iter().filter(|place| (from..to).contains(*place)).count();
        assert!(there <= 40, "{there} between {from:?} and {to:?}");
    }
    assert_eq!(spread(&id("acme"), window), spread(&id("acme"), window));
    assert_eq!(spread(&id("acme"), Duration::ZERO), Duration::ZERO);
}

#[test]
fn the_next_check_follows_the_schedule_plus_the_spread() {
    let monday = Schedule::cron("0 6 * * 1", Tz::UTC).expect("sound");
    let window = Duration::from_secs(300);
    let now = at("2026-11-22T12:00:00Z");
    let due = next_check(&monday, &id("acme"), window, now, 0, None).expect("a next check");
    assert_eq!(due, at("2026-11-23T06:00:00Z") + spread(&id("acme"), window));
    // Three weeks down: one run, not three.
    let late = at("2026-12-16T12:00:00Z");
    let due = next_check(&monday, &id("acme"), window, late, 0, None).expect("a next check");
    assert_eq!(due, at("2026-12-21T06:00:00Z") + spread(&id("acme"), window));
    // A window longer than the period does not make it skip: a tenth of a minute at most.
    let busy = Schedule::cron("* * * * *", Tz::UTC).expect("sound");
    let due = next_check(&busy, &id("acme"), Duration::from_secs(3600), now, 0, None).expect("a next check");
    assert!(due < at("2026-11-22T12:01:06Z"), "{due}");
    // An interval is what it says.
    let interval = Schedule::every(Duration::from_secs(12 * 3600));
    assert_eq!(next_check(&interval, &id("acme"), window, now, 0, None), Some(at("2026-11-23T00:00:00Z")));
}

#[test]
fn failures_are_tried_again_early_with_growing_pauses() {
    let monday = Schedule::cron("0 6 * * 1", Tz::UTC).expect("sound");
    let now = at("2026-11-25T12:00:00Z");
    let minutes = |failures, retry_after| {
        let due = next_check(&monday, &id("acme"), Duration::ZERO, now, failures, retry_after).expect("a next check");
        (due - now).num_minutes()
    };
    assert_eq!([1, 2, 3, 4, 5, 6, u32::MAX].map(|n| minutes(n, None)), [10, 30, 60, 120, 360, 360, 360]);
    // Never later than the schedule says …
    let interval = Schedule::every(Duration::from_secs(1800));
    assert_eq!(next_check(&interval, &id("acme"), Duration::ZERO, now, 5, None), Some(at("2026-11-25T12:30:00Z")));
    // … unless the server asks for it, up to a day.
    let hours = |n: u64| Some(Duration::from_secs(n * 3600));
    assert_eq!(minutes(1, hours(3)), 180);
    assert_eq!(minutes(1, hours(1000)), 24 * 60);
    assert_eq!(next_check(&interval, &id("acme"), Duration::ZERO, now, 1, hours(2)), Some(at("2026-11-25T14:00:00Z")));
    assert_eq!(minutes(0, None), minutes(0, Some(Duration::ZERO)));
}

#[test]
fn a_new_watch_is_due_at_once() {
    let now = at("2026-11-25T12:00:00Z");
    let monday = Schedule::cron("0 6 * * 1", Tz::UTC).expect("sound");
    assert_eq!(first_due(&monday, &id("acme"), Duration::ZERO, now), now);
    let window = Duration::from_secs(300);
    assert_eq!(first_due(&monday, &id("acme"), window, now), now + spread(&id("acme"), window));
    let minute = Schedule::every(Duration::from_secs(60));
    assert!(first_due(&minute, &id("acme"), window, now) <= now + Duration::from_secs(6));
}

/// The fields of an expression as sets, drawn apart from the parser.
#[derive(Clone, Debug)]
struct Fields {
    minutes: Vec<u32>,
    hours: Option<Vec<u32>>,
    days: Option<Vec<u32>>,
    months: Option<Vec<u32>>,
    weekdays: Option<Vec<u32>>,
}

impl Fields {
    fn expression(&self) -> String {
        let list = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let field = |numbers: &Option<Vec<u32>>| numbers.as_deref().map_or("*".to_owned(), list);
        format!(
            "{} {} {} {} {}",
            list(&self.minutes),
            field(&self.hours),
            field(&self.days),
            field(&self.months),
            field(&self.weekdays)
        )
    }

    fn name_day(&self, day: NaiveDate) -> bool {
        let of_month = self.days.as_ref().map(|days| days.contains(&day.day()));
        let of_week = self.weekdays.as_ref().map(|days| days.contains(&day.weekday().num_days_from_sunday()));
        let named = match (of_month, of_week) {
            (Some(of_month), Some(of_week)) => of_month || of_week,
            (of_month, of_week) => of_month.unwrap_or(true) && of_week.unwrap_or(true),
        };
        named && self.months.as_ref().is_none_or(|months| months.contains(&day.month()))
    }

    fn name(&self, wall: chrono::NaiveDateTime) -> bool {
        self.minutes.contains(&wall.minute())
            && wall.second() == 0
            && self.hours.as_ref().is_none_or(|hours| hours.contains(&wall.hour()))
            && self.name_day(wall.date())
    }
}

fn some_of(range: std::ops::RangeInclusive<u32>, most: usize) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::btree_set(range, 1..=most).prop_map(|set| set.into_iter().collect())
}

fn fields() -> impl Strategy<Value = Fields> {
    (
        some_of(0..=59, 4),
        prop::option::of(some_of(0..=23, 4)),
        prop::option::weighted(0.3, some_of(1..=28, 4)),
        prop::option::weighted(0.3, some_of(1..=12, 4)),
        prop::option::weighted(0.3, some_of(0..=6, 4)),
    )
        .prop_map(|(minutes, hours, days, months, weekdays)| Fields { minutes, hours, days, months, weekdays })
}

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![Europe::Paris, America::New_York, Australia::Lord_Howe, Tz::UTC])
}

/// A moment of 2026, or near one of its clock changes, where the trouble is.
fn moment() -> impl Strategy<Value = Timestamp> {
    let changes = prop::sample::select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
    ]);
    prop_oneof![
        (1_767_225_600_000_i64..1_798_761_600_000).prop_map(|ms| DateTime::from_timestamp_millis(ms).expect("2026")),
        (changes, -20_000_i64..20_000).prop_map(|(change, seconds)| at(change) + chrono::Duration::seconds(seconds)),
    ]
}

/// All moments up to `horizon` at which the expression runs, found the slow way: minute by
/// minute along the real line of time.
fn first_by_hand(fields: &Fields, zone: Tz, after: Timestamp, horizon: chrono::Duration) -> Option<Timestamp> {
    let start = after.timestamp().div_euclid(60) + 1;
    (start..start + horizon.num_minutes()).find_map(|minute| {
        let now = DateTime::from_timestamp(minute * 60, 0).expect("near");
        let wall = now.with_timezone(&zone).naive_local();
        let before = (now - chrono::Duration::minutes(1)).with_timezone(&zone).naive_local();
        let second_round = zone.from_local_datetime(&wall).earliest().is_some_and(|first| first < now);
        let every_hour = fields.hours.is_none();
        let named = fields.name(wall) && (every_hour || !second_round);
        // The minutes that were jumped over since the last one.
        let jumped =
            (1..(wall - before).num_minutes()).any(|gone| fields.name(before + chrono::Duration::minutes(gone)));
        (named || (!every_hour && jumped)).then_some(now)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_run_is_later_and_one_that_the_fields_name(fields in fields(), zone in zone(), after in moment()) {
        let schedule = Schedule::cron(&fields.expression(), zone).expect("sound");
        let next = schedule.next_after(after).expect("a next run");
        prop_assert!(next > after);
        // The slow way finds the same, as far as it looks.
        match first_by_hand(&fields, zone, after, chrono::Duration::days(4)) {
            Some(expected) => prop_assert_eq!(next, expected),
            None => prop_assert!(next > after + chrono::Duration::days(4)),
        }
    }

    #[test]
    fn a_later_look_never_finds_an_earlier_run(fields in fields(), zone in zone(), one in moment(), other in moment()) {
        let schedule = Schedule::cron(&fields.expression(), zone).expect("sound");
        let (early, late) = (one.min(other), one.max(other));
        prop_assert!(schedule.next_after(early) <= schedule.next_after(late));
        let next = schedule.next_after(early).expect("a next run");
        if next > late {
            prop_assert_eq!(schedule.next_after(late), Some(next));
        }
    }

    #[test]
    fn the_next_check_is_later_and_within_its_period(
        fields in fields(), now in moment(), failures in 0_u32..9, window in 0_u64..100_000,
    ) {
        let schedule = Schedule::cron(&fields.expression(), Tz::UTC).expect("sound");
        let due = next_check(&schedule, &id("acme"), Duration::from_secs(window), now, failures, None).expect("a next check");
        prop_assert!(due > now);
        let scheduled = schedule.next_after(now).expect("a next run");
        prop_assert!(due < schedule.next_after(scheduled).expect("a run after it"));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-*/,0-9a-zA-Z@#?= ]{0,24}") {
        let _ = Schedule::cron(&text, Tz::UTC).map(|schedule| schedule.next_after(at("2026-01-01T00:00:00Z")));
        let _ = parse_duration(&text);
    }
}

#[test]
fn few_new_watches_do_not_wait_and_many_are_spread() {
    let of = |number| first_spread(Duration::from_secs(300), number);
    assert_eq!(of(1), Duration::from_secs(10));
    assert_eq!(of(1000), Duration::from_secs(300));
}
