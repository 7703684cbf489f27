-- Rows as policywatch of schema 1 wrote them: made-up watches, every kind of row.

INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, retired_at, next_check_at, last_success_at, consecutive_failures) VALUES
    (1, 'acme-privacy', 'https://acme.test/acme-privacy', 'Acme', 'every 1h', '2026-01-01T12:00:00.000Z', '2026-01-01T12:00:00.000Z', NULL, '2026-01-08T12:00:00.000Z', '2026-01-05T12:00:00.000Z', 2),
    (2, 'old', 'https://acme.test/old', 'Acme', '0 6 * * 1 (Europe/Paris)', '2026-01-01T12:00:00.000Z', '2026-01-01T12:00:00.000Z', '2026-01-01T12:00:00.000Z', NULL, NULL, 0);

INSERT INTO checks (id, watch_id, recorded_at, outcome, why) VALUES
    (1, 1, '2026-01-02T12:00:00.000Z', 'first', NULL),
    (2, 1, '2026-01-03T12:00:00.000Z', 'unchanged', NULL),
    (3, 1, '2026-01-04T12:00:00.000Z', 'changed', NULL),
    (4, 1, '2026-01-05T12:00:00.000Z', 'unmodified', NULL),
    (5, 1, '2026-01-06T12:00:00.000Z', 'unreadable', 'bot_wall: header cf-mitigated'),
    (6, 1, '2026-01-07T12:00:00.000Z', 'unreachable', 'acme.test does not resolve; check the address or the resolver');

INSERT INTO bodies (id, digest, size, base_id, depth, data) VALUES
    (1, X'b84bbbae30afc1080f6d5f448eb8377f36a52af81ca9c2ce08057df95accf6a4', 65, NULL, 0, X'28b52ffd2041e50100b2c30c11a0ed0caee12d9acf86ab7df22b7055fd04676dae103e140e2a9a95603e075e02aa1cfa63852b327445f2b17e4deff8accd75010015070505'),
    (2, X'd13c0b2bbad253db1cde79194d4b7ce6a9d088704cc20a9209250183f3e9fe7d', 83, 1, 1, X'28b52ffd2053ed0000906d6179703e5769746820706172746e657273031006565203ce09c70a'),
    (3, X'be3bd03cb5a57fbe85c24627c70370c42efe1240784bce66f9a737538afa0e54', 29, NULL, 0, X'28b52ffd201de900003c68746d6c3e61726520796f75206120726f626f743f3c2f68746d6c3e');

INSERT INTO snapshots (id, watch_id, captured_at, origin, body_id, head_base_id, head) VALUES
    (1, 1, '2026-01-02T12:00:00.000Z', 'live', 1, NULL, X'28b52ffd605c000d0300640361636d652e746573742f63795b3330312c5d5d3139322e302e322e375c226238346262626165333061665c22613d31623d32225d5d7d0d0038bde188f05b5d645037d9041ee5ef88940e7a280615df6a575ee2291a949503562a04c40ac940'),
    (2, 1, '2026-01-03T12:00:00.000Z', 'live', 1, 1, X'28b52ffd605c00450000000100595fea0202'),
    (3, 1, '2026-01-04T12:00:00.000Z', 'live', 2, 1, X'28b52ffd605c00b5000060643133633062326262616432020041941d5fea0202'),
    (5, 1, '2026-01-06T12:00:00.000Z', 'live', 3, 1, X'28b52ffd605c00b5000060653962613130613664336238020041941d5fea0202');

INSERT INTO deliveries (number, id, check_id, channel, created_at, state, attempts, due_at, last_error, delivered_at, body) VALUES
    (1, 'msg_6b02fce51676fb58701fa257b69f227e', 3, 'press', '2026-01-04T12:00:00.000Z', 'delivered', 1, '2026-01-04T12:01:00.000Z', NULL, '2026-01-04T12:00:00.000Z', '{"summary":"d13c0b2bbad2"}'),
    (2, 'msg_c56d145931b4c44173ecae5a2afcfa86', 3, 'legal', '2026-01-04T12:00:00.000Z', 'dead', 1, '2026-01-04T12:01:00.000Z', '410 Gone', NULL, '{"summary":"d13c0b2bbad2"}');

INSERT INTO versions (id, watch_id, number, snapshot_id, recorded_at, digest, revision, selectors, cause, size, base_id, depth, reading) VALUES
    (1, 1, 1, 1, '2026-01-02T12:00:00.000Z', X'0c811114198847f04c015c6fb4b95f0bae525b1e48620521321440bd97428679', 1, '{"select":[],"remove":[]}', 'first_record', 283, NULL, 0, X'28b52ffd601b00f50500328d261960770ea38e659d89b86d2ceccaab451008b2c54ca88aa2e012dbb22ddbb2bde1369de0d015b7c012dc617815d5cd50ddbe3b578e54cebb0b5c3756404f14981c8093bf37c67df7486d85b6ae436514c16936d41421ddbb177fafdc48160584e2ef1095ce72bc2bde275f3cef16e53df652d794f78a4ed5dd0b22380cc2f87b2fc3976cc8cfc377a70cad05d19d77cfe05eb2227fe7d9b2af050c0033451e4500b49af213b288870e550c4cb0c2b8710757ed19e47530c660e201'),
    (2, 1, 2, 3, '2026-01-04T12:00:00.000Z', X'7caaefc928e1c2a04f9d02957a01971330fed06c7019aebb7bfb27b9c9ae9e3f', 1, '{"select":[],"remove":[]}', 'publisher', 388, 1, 1, X'28b52ffd6084000d0100806d61792c69746820706172746e657273040073b868ba71dfda58748c1ed40202');

INSERT INTO changes (version_id, materiality, severity, size, data) VALUES
    (2, 'material', 3, 593, X'28b52ffd605101f5070002cc241e6049db0608b68fdf9b91e4454d7bd9e5b10b0c4a3990c54e1c280182c0570d6ace60012160709890679a3e241b55327b7ade4cfa119c49c2dc64f979af7d2b0d068a33cd3611928b1f59520394fdc150b696a704362ac225821767169d5358b3731b3272a0ec9958275cc30f6ad0694d5103a1c28d83f4d0e31ce0463395afdddbf573954ad36172c3559c17e1647e9b7e08282010668c73ee5d050d0822f85813d80a75af5bd683acd69b344abb465430f02c3db387490a9f0fe1de66c7f3639876dda6a7faf8f43a48c66fe120f1eae4b59a7b3dd6af874e4908e301cb2002c27003aab4ae6212bf87169425a4c3e6e88a2903623a3f199a17');
