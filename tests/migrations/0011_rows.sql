-- A store of schema 11: an archive's index of a page, of which two lines were left out.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 0);
INSERT INTO listings (id, archive, url, begun_at, is_whole, whole_at, fresh_at, untimely) VALUES
    (1, 'https://web.archive.test', 'https://acme.test/privacy', '2026-11-20T06:00:00.000Z', 1, '2026-11-20T06:00:00.000Z', '2026-11-20T06:00:00.000Z', 2);
INSERT INTO captures (id, listing_id, timestamp, captured_at, original, media_type, status, digest) VALUES
    (1, 1, '20200101000000', '2020-01-01T00:00:00.000Z', 'https://acme.test/privacy', 'text/html', 200, 'AAAA');
