/**
 * The tables of the backend. Run it once, before the first instance starts. Times are those of the database, so that the
 * clocks of instances do not matter.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS rt_installation (id text NOT NULL);
INSERT INTO rt_installation SELECT md5(random()::text) WHERE NOT EXISTS (SELECT FROM rt_installation);

CREATE TABLE IF NOT EXISTS rt_topics (
  topic text PRIMARY KEY, top bigint NOT NULL, size int NOT NULL, readable_until timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_events (
  topic text, number bigint, body text NOT NULL, mark bigint NOT NULL, hints text, PRIMARY KEY (topic, number));
CREATE TABLE IF NOT EXISTS rt_keys (
  topic text, key text, number bigint, expires timestamptz NOT NULL, PRIMARY KEY (topic, key));
CREATE TABLE IF NOT EXISTS rt_subscriptions (topic text, instance text, PRIMARY KEY (topic, instance));
CREATE TABLE IF NOT EXISTS rt_tickets (digest text PRIMARY KEY, holder text NOT NULL, expires timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_revocations (entry text PRIMARY KEY, expires float8 NOT NULL);
CREATE TABLE IF NOT EXISTS rt_user_channels (
  user_key text, channel text, entry text NOT NULL, expires timestamptz NOT NULL, PRIMARY KEY (user_key, channel));
CREATE TABLE IF NOT EXISTS rt_instances (id text PRIMARY KEY, report text, expires timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_counts (key text, instance text, count int NOT NULL, PRIMARY KEY (instance, key));
CREATE TABLE IF NOT EXISTS rt_claims (
  key text PRIMARY KEY, state text NOT NULL, sequence bigint NOT NULL, owner text NOT NULL, changed timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_calls (
  owner text, id text, tenant text, holder text, lease_until timestamptz, outcome text, expires timestamptz NOT NULL,
  PRIMARY KEY (owner, id));
CREATE INDEX IF NOT EXISTS rt_calls_of_tenant ON rt_calls (tenant);
CREATE TABLE IF NOT EXISTS rt_states (
  topic text PRIMARY KEY, epoch text NOT NULL, number bigint NOT NULL, token bigint NOT NULL, loaded_at float8 NOT NULL,
  json text NOT NULL, expires timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_loads (topic text PRIMARY KEY, holder text NOT NULL, code text, ends timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS rt_presence (
  topic text, instance text, user_id text, count int NOT NULL, data text, PRIMARY KEY (topic, instance, user_id));

-- The epoch of a topic. Rows of rt_topics are never deleted, so it changes only with the installation.
CREATE OR REPLACE FUNCTION rt_epoch(t text) RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT left(md5(id || t), 16) FROM rt_installation $$;

-- Replaces a claim if it is the expected one (NULL: none). Returns its sequence, or NULL if it is another one.
-- Ended claims are kept for an hour.
CREATE OR REPLACE FUNCTION rt_claim(
  k text, from_state text, from_sequence bigint, from_owner text, to_state text, to_owner text, to_sequence bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE held rt_claims; number bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(k, 1));
  DELETE FROM rt_claims WHERE key = k AND state = 'ended' AND changed < clock_timestamp() - interval '1 hour';
  SELECT * INTO held FROM rt_claims WHERE key = k;
  IF (held.state, held.sequence, held.owner) IS DISTINCT FROM (from_state, from_sequence, from_owner) THEN RETURN NULL; END IF;
  number := coalesce(to_sequence, greatest(
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce(held.sequence, 0) + 1));
  INSERT INTO rt_claims VALUES (k, to_state, number, to_owner, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET state = to_state, sequence = number, owner = to_owner, changed = clock_timestamp();
  RETURN number;
END $$;

-- Begins a call, or returns its state. holder is NULL once it has ended. The locks make the counts of calls exact.
CREATE OR REPLACE FUNCTION rt_begin_call(
  t text, o text, i text, h text, lease_ms float8, keep_ms float8, of_user float8, of_tenant float8
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE found rt_calls; at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(coalesce('tenant ' || t, 'user ' || o), 2));
  at := clock_timestamp();
  DELETE FROM rt_calls WHERE (owner = o OR tenant = t) AND expires <= at;
  SELECT * INTO found FROM rt_calls WHERE owner = o AND id = i;
  IF found.owner IS NOT NULL THEN
    IF found.holder = h THEN RETURN ARRAY['begun']; END IF;
    IF found.holder IS NOT NULL AND found.lease_until > at THEN RETURN ARRAY['running']; END IF;
    UPDATE rt_calls SET holder = NULL WHERE owner = o AND id = i;
    RETURN ARRAY['ended', found.outcome];
  END IF;
  IF (SELECT count(*) FROM rt_calls WHERE owner = o) >= of_user
    OR (t IS NOT NULL AND (SELECT count(*) FROM rt_calls WHERE tenant = t) >= of_tenant) THEN RETURN ARRAY['full']; END IF;
  INSERT INTO rt_calls VALUES (o, i, t, h, at + lease_ms * interval '1 ms', NULL, at + keep_ms * interval '1 ms');
  RETURN ARRAY['begun'];
END $$;

-- Ends a call, and keeps its outcome if there is room. Returns false if it has ended with another outcome.
CREATE OR REPLACE FUNCTION rt_finish_call(
  t text, o text, i text, h text, result text, of_user float8, of_tenant float8
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE found rt_calls; room boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(coalesce('tenant ' || t, 'user ' || o), 2));
  SELECT * INTO found FROM rt_calls WHERE owner = o AND id = i;
  IF found.owner IS NULL OR found.outcome = result THEN RETURN true; END IF;
  IF found.holder IS DISTINCT FROM h THEN RETURN false; END IF;
  room := (SELECT coalesce(sum(length(outcome)), 0) FROM rt_calls WHERE owner = o) + length(result) <= of_user
    AND (t IS NULL OR (SELECT coalesce(sum(length(outcome)), 0) FROM rt_calls WHERE tenant = t) + length(result) <= of_tenant);
  UPDATE rt_calls SET holder = NULL, outcome = CASE WHEN room THEN result END WHERE owner = o AND id = i;
  RETURN true;
END $$;

-- Gives the right to load a state to one holder. A failed load holds it, too, until the next one can begin.
CREATE OR REPLACE FUNCTION rt_claim_load(t text, h text, lease_ms float8) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE held rt_loads; at timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(t, 3));
  at := clock_timestamp();
  DELETE FROM rt_loads WHERE ends <= at;
  SELECT * INTO held FROM rt_loads WHERE topic = t;
  IF held.code IS NOT NULL THEN
    RETURN ARRAY['failed', held.code, (extract(epoch FROM held.ends - at) * 1000)::text];
  END IF;
  IF held.holder <> h THEN RETURN ARRAY['held']; END IF;
  INSERT INTO rt_loads VALUES (t, h, NULL, at + lease_ms * interval '1 ms')
    ON CONFLICT (topic) DO UPDATE SET ends = excluded.ends;
  RETURN ARRAY['granted', (extract(epoch FROM at) * 1000000)::bigint::text];
END $$;

-- Sends a notification in parts: the limit is 8,000 bytes. Parts of one transaction arrive together and in order.
CREATE OR REPLACE FUNCTION rt_notify(t text, payload text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE parts int := (length(payload) + 1499) / 1500;
BEGIN
  FOR part IN 1..parts LOOP
    PERFORM pg_notify('rt_events', part || '/' || parts || ' ' || substr(payload, 1 + (part - 1) * 1500, 1500));
  END LOOP;
END $$;

-- Numbers, stores and distributes an event in one transaction. The row of the topic is its lock, so the order of
-- commits is the order of numbers. Returns the number, or that of the first event with the same key.
CREATE OR REPLACE FUNCTION rt_publish(
  t text, event text, event_mark bigint, keep int, ttl_ms float8, once text, once_ms float8, trace text, hints text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; first rt_keys;
BEGIN
  IF keep IS NOT NULL THEN
    INSERT INTO rt_topics VALUES (t, 0, 0, now()) ON CONFLICT DO NOTHING;
    PERFORM FROM rt_topics WHERE topic = t FOR UPDATE;
  END IF;
  IF once IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(t || ' ' || once, 0));
    DELETE FROM rt_keys WHERE topic = t AND expires <= clock_timestamp();
    SELECT * INTO first FROM rt_keys WHERE topic = t AND key = once;
    IF FOUND THEN RETURN first.number; END IF;
  END IF;
  IF keep IS NOT NULL THEN
    UPDATE rt_topics SET top = top + 1, size = keep,
      readable_until = clock_timestamp() + ttl_ms * interval '1 ms'
      WHERE topic = t RETURNING top INTO n;
    INSERT INTO rt_events VALUES (t, n, event, event_mark, hints);
    DELETE FROM rt_events WHERE topic = t AND number <= n - keep;
  END IF;
  IF once IS NOT NULL THEN
    INSERT INTO rt_keys VALUES (t, once, n, clock_timestamp() + once_ms * interval '1 ms');
  END IF;
  PERFORM rt_notify(t, json_build_object('topic', t, 'epoch', rt_epoch(t), 'offset', n, 'body', event,
    'mark', event_mark, 'trace', trace, 'hints', hints)::text);
  RETURN n;
END $$;

CREATE TABLE IF NOT EXISTS rt_streams (
  topic text PRIMARY KEY, id text NOT NULL, writer text NOT NULL, owner text NOT NULL, lease_until timestamptz NOT NULL,
  first bigint NOT NULL, body bytea NOT NULL, state text NOT NULL, ending text, expires timestamptz NOT NULL);

-- A notice is an event without a position. It leaves with the transaction of the change.
CREATE OR REPLACE FUNCTION rt_notice(t text, notice text) RETURNS void LANGUAGE sql AS $$
  SELECT rt_notify(t, json_build_object('topic', t, 'epoch', '', 'offset', NULL, 'body', notice,
    'mark', 0, 'trace', NULL, 'hints', NULL)::text)
$$;

-- Returns the stream of a topic, which stays locked until the transaction ends.
CREATE OR REPLACE FUNCTION rt_stream(t text) RETURNS rt_streams LANGUAGE plpgsql AS $$
DECLARE found rt_streams;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(t, 3));
  DELETE FROM rt_streams WHERE topic = t AND expires <= clock_timestamp();
  SELECT * INTO found FROM rt_streams WHERE topic = t;
  RETURN found;
END $$;

CREATE OR REPLACE FUNCTION rt_open_stream(
  t text, i text, w text, o text, resume boolean, lease_ms float8, ttl_ms float8, notice text
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE found rt_streams := rt_stream(t); at timestamptz := clock_timestamp();
BEGIN
  IF found.writer = w THEN RETURN ARRAY[found.id, found.first::text, length(found.body)::text]; END IF;
  IF found.state = 'open' AND found.lease_until > at THEN RETURN NULL; END IF;
  IF found.id IS NULL OR NOT resume OR found.state NOT IN ('open', 'failed') THEN
    found.id := i; found.first := 0; found.body := '';
  END IF;
  DELETE FROM rt_streams WHERE topic = t;
  INSERT INTO rt_streams VALUES (t, found.id, w, o, at + lease_ms * interval '1 ms', found.first, found.body, 'open', NULL,
    at + ttl_ms * interval '1 ms');
  PERFORM rt_notice(t, notice);
  RETURN ARRAY[found.id, found.first::text, length(found.body)::text];
END $$;

-- Returns the first place from which the text can be cut: the beginning of a character, or of a line.
CREATE OR REPLACE FUNCTION rt_boundary(body bytea, place int, lines boolean) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE at int := place;
BEGIN
  WHILE at > 0 AND at < length(body) LOOP
    IF lines AND get_byte(body, at - 1) = 10 THEN EXIT; END IF;
    IF NOT lines AND get_byte(body, at) & 192 <> 128 THEN EXIT; END IF;
    at := at + 1;
  END LOOP;
  RETURN at;
END $$;

-- Appends at a length, and ends the stream if there is an end. Returns the outcome, and the length if it is behind.
CREATE OR REPLACE FUNCTION rt_write_stream(
  t text, i text, w text, place bigint, bytes bytea, lease_ms float8, ttl_ms float8, most int, lines boolean,
  end_state text, end_json text, notice text
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  found rt_streams := rt_stream(t); at timestamptz := clock_timestamp();
  top bigint; cut int := 0;
BEGIN
  IF found.id IS NULL THEN RETURN ARRAY['lost']; END IF;
  IF found.id <> i OR found.writer <> w THEN RETURN ARRAY['fenced']; END IF;
  IF found.state = end_state AND found.ending = end_json THEN RETURN ARRAY['written']; END IF;
  IF found.state <> 'open' THEN RETURN ARRAY['ended']; END IF;
  top := found.first + length(found.body);
  IF top < place THEN RETURN ARRAY['behind', top::text]; END IF;
  IF top <> place AND top <> place + length(bytes) THEN RETURN ARRAY['fenced']; END IF;
  IF top = place THEN found.body := found.body || bytes; END IF;
  IF length(found.body) > most THEN cut := rt_boundary(found.body, length(found.body) - most * 3 / 4, lines); END IF;
  UPDATE rt_streams SET body = substr(found.body, cut + 1), first = found.first + cut,
    lease_until = at + lease_ms * interval '1 ms', expires = at + ttl_ms * interval '1 ms',
    state = coalesce(end_state, 'open'), ending = end_json WHERE topic = t;
  PERFORM rt_notice(t, notice);
  RETURN ARRAY['written'];
END $$;

-- Returns a part of a stream. The text is cut by the caller. A stream whose writer is lost becomes failed.
CREATE OR REPLACE FUNCTION rt_read_stream(t text, place bigint, most int, lines boolean, lost text, notice text)
RETURNS TABLE (id text, first bigint, top bigint, state text, ending text, owner text, at bigint, part bytea)
LANGUAGE plpgsql AS $$
DECLARE found rt_streams := rt_stream(t); skip int;
BEGIN
  IF found.id IS NULL THEN RETURN; END IF;
  IF found.state = 'open' AND found.lease_until <= clock_timestamp() THEN
    found.state := 'failed'; found.ending := lost;
    UPDATE rt_streams SET state = 'failed', ending = lost WHERE topic = t;
    PERFORM rt_notice(t, notice);
  END IF;
  skip := rt_boundary(found.body, least(greatest(place - found.first, 0), length(found.body))::int, lines);
  RETURN QUERY SELECT found.id, found.first, found.first + length(found.body), found.state, found.ending, found.owner,
    found.first + skip, substr(found.body, skip + 1, most + 1);
END $$;
`;
