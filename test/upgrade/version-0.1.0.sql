-- The database of an installation of version 0.1.0, made by that version's own program on 2026-11-26 and dumped by pg_dump
-- (--no-owner --no-privileges --column-inserts). It is never edited: the test beside it opens it with today's program.

CREATE SCHEMA drizzle;

CREATE FUNCTION public.notify_biller_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  PERFORM pg_notify('biller_changed', CASE TG_TABLE_NAME WHEN 'billers' THEN to_jsonb(changed) ->> 'id' ELSE to_jsonb(changed) ->> 'biller_id' END);
  RETURN NULL;
END
$$;

CREATE TABLE drizzle.__drizzle_migrations (
    id integer NOT NULL,
    hash text NOT NULL,
    created_at bigint
);

CREATE SEQUENCE drizzle.__drizzle_migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE drizzle.__drizzle_migrations_id_seq OWNED BY drizzle.__drizzle_migrations.id;

CREATE TABLE public.accounts (
    user_id uuid NOT NULL,
    number text NOT NULL,
    role text NOT NULL,
    "position" integer NOT NULL
);

CREATE TABLE public.audit_events (
    id bigint NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    event text NOT NULL,
    reference text NOT NULL,
    biller_id uuid,
    user_id uuid,
    email_hash text,
    request_id text,
    assertion_id text,
    key_fingerprint text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE public.audit_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.billers (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    biller_guid uuid NOT NULL,
    service_provider jsonb NOT NULL,
    settings jsonb NOT NULL,
    pairwise_salt bytea NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.expiry_warnings (
    key_id uuid NOT NULL,
    days integer NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    delivery text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt timestamp(3) with time zone NOT NULL,
    CONSTRAINT expiry_warnings_delivery CHECK ((delivery = ANY (ARRAY['waiting'::text, 'sending'::text, 'delivered'::text, 'unknown'::text, 'given_up'::text, 'passed_over'::text])))
);

CREATE TABLE public.installation (
    name text NOT NULL,
    value text NOT NULL
);

CREATE TABLE public.key_requests (
    id uuid NOT NULL,
    biller_id uuid NOT NULL,
    key_type text NOT NULL,
    sealed_private_key bytea NOT NULL,
    request text NOT NULL,
    created_at timestamp(3) with time zone NOT NULL
);

CREATE TABLE public.metadata_fetches (
    id bigint NOT NULL,
    biller_id uuid NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    address text NOT NULL,
    client text NOT NULL,
    status integer NOT NULL,
    certificates text[] NOT NULL,
    monitor boolean NOT NULL
);

ALTER TABLE public.metadata_fetches ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.metadata_fetches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.one_time_metadata (
    token_hash bytea NOT NULL,
    biller_id uuid NOT NULL,
    key_id uuid NOT NULL,
    created_at timestamp(3) with time zone NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    networks text[] NOT NULL,
    used_at timestamp(3) with time zone,
    used_from text
);

CREATE TABLE public.portal_users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    biller_id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    password_hash text NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.rate_limits (
    key text NOT NULL,
    points integer NOT NULL,
    expire timestamp(3) with time zone
);

CREATE TABLE public.sessions (
    id_hash bytea NOT NULL,
    biller_id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_index text NOT NULL,
    authenticated_at timestamp(3) with time zone NOT NULL,
    last_seen_at timestamp(3) with time zone NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    launched_accounts jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE public.sign_on_flows (
    id text NOT NULL,
    secret_hash bytea NOT NULL,
    biller_id uuid NOT NULL,
    request jsonb NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL
);

CREATE TABLE public.sign_on_traces (
    reference text NOT NULL,
    biller_id uuid,
    at timestamp(3) with time zone NOT NULL,
    trace jsonb NOT NULL
);

CREATE TABLE public.signing_keys (
    id uuid NOT NULL,
    biller_id uuid NOT NULL,
    state text NOT NULL,
    key_type text NOT NULL,
    certificate text NOT NULL,
    fingerprint text NOT NULL,
    sealed_private_key bytea,
    not_before timestamp(3) with time zone NOT NULL,
    not_after timestamp(3) with time zone NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    activated_at timestamp(3) with time zone,
    module_label text,
    state_since timestamp(3) with time zone DEFAULT now() NOT NULL,
    hold_until timestamp(3) with time zone,
    CONSTRAINT signing_keys_private_part CHECK (((state = ANY (ARRAY['retired'::text, 'revoked'::text])) = ((sealed_private_key IS NULL) AND (module_label IS NULL)))),
    CONSTRAINT signing_keys_state CHECK ((state = ANY (ARRAY['staged'::text, 'active'::text, 'retiring'::text, 'retired'::text, 'revoked'::text])))
);

ALTER TABLE ONLY drizzle.__drizzle_migrations ALTER COLUMN id SET DEFAULT nextval('drizzle.__drizzle_migrations_id_seq'::regclass);

INSERT INTO drizzle.__drizzle_migrations (id, hash, created_at) VALUES (1, 'e602230e4b7a8a081c07a6b6d936751130a9113842a8ce8e1eb6713c3592a72b', 1795492554663);
INSERT INTO drizzle.__drizzle_migrations (id, hash, created_at) VALUES (2, '76288a0e83628525c4a6f40c6a37b70704cfe8fd16441fc383414a97fa71d2c5', 1795492558457);
INSERT INTO drizzle.__drizzle_migrations (id, hash, created_at) VALUES (3, 'a46b719d4af44b17d7ded5f739896c11ca81be609a3e4e2bb9e0d6c7614cea1f', 1795509781971);
INSERT INTO drizzle.__drizzle_migrations (id, hash, created_at) VALUES (4, '49939bd6952170cc8aac04079ffecde8451e93ce132922dc495a4f7a600b5550', 1795511261508);
INSERT INTO drizzle.__drizzle_migrations (id, hash, created_at) VALUES (5, '3a1a8504ba5245765be6e3f41a074afd39e82914c72b3f5b78f3db5d4888a291', 1795514744072);

INSERT INTO public.accounts (user_id, number, role, "position") VALUES ('94fb22b1-d42a-4728-b7b8-35c6c4496c88', '101Invoice', 'owner', 0);
INSERT INTO public.accounts (user_id, number, role, "position") VALUES ('94fb22b1-d42a-4728-b7b8-35c6c4496c88', '202Invoice', 'owner', 1);

INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (1, '2026-11-26 01:29:06.735+00', 'biller.added', 'wheat-polka-monday', 'f904f1ec-b071-40c8-97ee-0929ad69d093', NULL, NULL, NULL, NULL, NULL, '{"slug": "riverton-water", "actor": "pat.operator"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (2, '2026-11-26 01:29:06.745+00', 'key.created', 'wheat-polka-monday', 'f904f1ec-b071-40c8-97ee-0929ad69d093', NULL, NULL, NULL, NULL, '8322060bd32b633fd2e1596030f8daf19a86a11294ed3ffc1dc1509857681305', '{"actor": "pat.operator", "keyType": "RSA-2048"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (3, '2026-11-26 01:29:06.839+00', 'user.added', 'salad-million-saturn', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '94fb22b1-d42a-4728-b7b8-35c6c4496c88', '1Fz0lspcRrTTHoxMATT3z3', NULL, NULL, NULL, '{"actor": "pat.operator"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (4, '2026-11-26 01:29:06.873+00', 'biller.added', 'wolf-june-apple', '2da2b822-c8fb-4758-a7c8-0a190f7b5a69', NULL, NULL, NULL, NULL, NULL, '{"slug": "lakeside-power", "actor": "pat.operator"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (5, '2026-11-26 01:29:06.876+00', 'key.created', 'wolf-june-apple', '2da2b822-c8fb-4758-a7c8-0a190f7b5a69', NULL, NULL, NULL, NULL, '2f6ee470bfe3e35597960ee01abdf9956ca4b95eab908a654b46832e638a2c5a', '{"actor": "pat.operator", "keyType": "EC-P256"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (6, '2026-11-26 01:29:07.111+00', 'key.staged', 'first-finch-avenue', 'f904f1ec-b071-40c8-97ee-0929ad69d093', NULL, NULL, NULL, NULL, 'fc4184137ec111272649599f6f6ae1f29e6f404e4e90da26484750df0efc3dad', '{"actor": "pat.operator", "origin": "made", "reason": "routine", "keyType": "RSA-2048"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (7, '2026-11-26 01:29:07.178+00', 'key.requested', 'prism-special-orange', '2da2b822-c8fb-4758-a7c8-0a190f7b5a69', NULL, NULL, NULL, NULL, NULL, '{"actor": "pat.operator", "reason": "routine", "keyType": "RSA-2048"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (8, '2026-11-26 01:29:07.27+00', 'sign_in.failed', 'jersey-pecan-omelet', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '94fb22b1-d42a-4728-b7b8-35c6c4496c88', '1Fz0lspcRrTTHoxMATT3z3', NULL, NULL, NULL, '{"reason": "wrong_password"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (9, '2026-11-26 01:29:07.389+00', 'sign_in.succeeded', 'nickel-trout-chart', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '94fb22b1-d42a-4728-b7b8-35c6c4496c88', '1Fz0lspcRrTTHoxMATT3z3', NULL, NULL, NULL, '{}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (10, '2026-11-26 01:29:07.442+00', 'assertion.issued', 'movie-song-noodle', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '94fb22b1-d42a-4728-b7b8-35c6c4496c88', '1Fz0lspcRrTTHoxMATT3z3', '_0123456789abcdef0123456789abcdef', '_7eca44444b6df0fa9012bf75e21fde93969fbe97', '8322060bd32b633fd2e1596030f8daf19a86a11294ed3ffc1dc1509857681305', '{"acs": "https://sp.example/acs", "signed": "both", "nameIdFormat": "emailAddress"}');
INSERT INTO public.audit_events (id, at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details) OVERRIDING SYSTEM VALUE VALUES (11, '2026-11-26 01:29:07.465+00', 'sign_on.refused', 'salmon-tidal-thread', 'f904f1ec-b071-40c8-97ee-0929ad69d093', NULL, NULL, NULL, NULL, NULL, '{"code": "issuer_unknown", "detail": "Issuer: expected \"https://sp.example/metadata\"; found \"https://other.example/metadata\"", "answered": "page"}');

INSERT INTO public.billers (id, slug, name, biller_guid, service_provider, settings, pairwise_salt, created_at, updated_at) VALUES ('f904f1ec-b071-40c8-97ee-0929ad69d093', 'riverton-water', 'Riverton Water', '3f2b1c6e-8d5a-4e0b-9a57-2f1f6f0f5d11', '{"acs": [{"url": "https://sp.example/acs", "index": 0, "isDefault": true}], "entityId": "https://sp.example/metadata", "nameIdFormats": [], "wantEncryption": false, "encryptionMethods": [], "authnRequestsSigned": false, "signingCertificates": [], "wantAssertionsSigned": false, "encryptionCertificates": []}', '{"sign": "both", "encrypt": "as-metadata", "accounts": "chosen", "monitors": [], "rotation": "overlap", "viewMode": 0, "portalUrl": null, "emailClaim": {"name": "Email", "nameFormat": "basic"}, "expiredKey": "sign", "loginTypes": {}, "unsolicited": false, "nameIdFormat": "emailAddress", "signMetadata": false, "constantClaims": [], "loginTypeClaim": {"name": "LoginType", "nameFormat": "basic"}, "metadataClients": [], "stageDaysBefore": null, "clockSkewSeconds": 60, "defaultLoginType": 5, "redirectLinkBase": "https://sso.invoicecloud.com", "requestSignature": "as-metadata", "accountNumberClaim": {"name": "AccountNumber", "nameFormat": "basic"}, "acsRedirectOrigins": [], "relayStateMaxBytes": 1024, "sessionIdleMinutes": 30, "encryptionAlgorithm": "aes256-gcm", "requestMaxAgeSeconds": 300, "unsolicitedRelayState": null, "sessionLifetimeMinutes": 480, "assertionLifetimeSeconds": 300}', '\x3a07a3f59cf960a28fba1bf73c5d8df2ed811b20fe613d173399240c016d0c8f', '2026-11-26 01:29:06.695+00', '2026-11-26 01:29:06.695+00');
INSERT INTO public.billers (id, slug, name, biller_guid, service_provider, settings, pairwise_salt, created_at, updated_at) VALUES ('2da2b822-c8fb-4758-a7c8-0a190f7b5a69', 'lakeside-power', 'Lakeside Power', '8c1d0f5a-64b2-4f39-8f63-0a7be5a4d622', '{"acs": [{"url": "https://sp.example/acs", "index": 0, "isDefault": true}], "entityId": "https://sp.example/metadata", "nameIdFormats": [], "wantEncryption": false, "encryptionMethods": [], "authnRequestsSigned": false, "signingCertificates": [], "wantAssertionsSigned": false, "encryptionCertificates": []}', '{"sign": "both", "encrypt": "as-metadata", "accounts": "chosen", "monitors": [], "rotation": "overlap", "viewMode": 0, "portalUrl": null, "emailClaim": {"name": "Email", "nameFormat": "basic"}, "expiredKey": "sign", "loginTypes": {}, "unsolicited": false, "nameIdFormat": "emailAddress", "signMetadata": false, "constantClaims": [], "loginTypeClaim": {"name": "LoginType", "nameFormat": "basic"}, "metadataClients": [], "stageDaysBefore": null, "clockSkewSeconds": 60, "defaultLoginType": 5, "redirectLinkBase": "https://sso.invoicecloud.com", "requestSignature": "as-metadata", "accountNumberClaim": {"name": "AccountNumber", "nameFormat": "basic"}, "acsRedirectOrigins": [], "relayStateMaxBytes": 1024, "sessionIdleMinutes": 30, "encryptionAlgorithm": "aes256-gcm", "requestMaxAgeSeconds": 300, "unsolicitedRelayState": null, "sessionLifetimeMinutes": 480, "assertionLifetimeSeconds": 300}', '\xaf5f4dee47136e4d1bb6ade1e8f4aca038ff90577aa3be99f965c91f4488094d', '2026-11-26 01:29:06.865+00', '2026-11-26 01:29:06.865+00');

INSERT INTO public.key_requests (id, biller_id, key_type, sealed_private_key, request, created_at) VALUES ('245b1ca9-7110-4089-9c06-ab0abea8e149', '2da2b822-c8fb-4758-a7c8-0a190f7b5a69', 'RSA-2048', '\x0148153020aea596d58c23f6d17820fa4e8577bfee35056bbc3ffa00cf88a68ff77b904f7a5d388205ec97e57864c8e3dbc7a784589f32cbc258598d9bace654ea04a6f632f07d654baf6c48264cbd8c72f2ee22b024d95c2e38d44b9b47c52654ce0c5053fabb7534fd8c7a6521cbdf4a68caf772ff80b958de0bf6dd2160ba824a483f1650bf6b8eca49c10e93ac77d49e1cf5ba083d2bd93fe7ce864f985fc91e07875b46834cc3d931ecc22d56ab497e6bb79ade63ac825838b8e36979dfc62f5c574385f2564f33d70e585a65d43c1f5927d6cbb3e7e44dba4422a2bb743383489117b0e3da3294f06eee3eaf38ed2f0f3e6cf37049c17de4aab643807f266b204ba1dea90a37bc98c3fe5b80a4ad185d58416532502c3f02b204d0abe86a51b57e742888ae52bdaee63d0db7c9c896221346389d21a49be0c340d39aa2ba7a29104476baa5cca727d5409622609aa3275751dae69b061128cf1c3473105aaf9d4a1b43409880ca46c35a011895b88b0774dc0282a134eb7416048baf850beca6a407a192e90cf1e9f70388fce323a558142e2f2567ea35fd3067d29bbf2e7961d841670a450b7a717b123ca1734303a809a4bc607bea171d50f90c7c09ee6153f2bc720977dcd33bf8573513875d944937f479c623d7a722702fec451718e8d01e51edcfa6fa39cbda059a1a9fe2977a0c2ee7cb15defef095d81b003eb5697f95d9806291530cce2ec9aeacf84042d1c484de5cafd8c84b3b5eee57b35c975e3096b1f5bdc77813a1499dda2da18175a1a673708c69ae73201f8dd62d73f066cb3be7adc1cea6f72380f169d92234d2609d89b97ee06d68410ce8e8a4bc295c5385deff451fc77b77a7a8a887d7c83a4f92d49d1199a08592de3d3878fcb62fb6a1a0078f425d9529ac10113caceba45e63e3a5b44af45889f81157beb26cd72d55659e17b02f8efecba64c54c0be6e041394cf25fc0f930c93989fdd0340809d7bd0e837bbdbc0f35bd0623e13af5a59c225606b0f34b676a61b4638400b0b2e77d782deff3b6e3168010bb16de62286aaf682ed2976cdf233c7bdec6fe3faea8244880d7b47f0dab1da941c6c24abe7f7f227d3ef753fff2cf7e5ca909b1e043fbedd10d6407ee03386c046463cac2c72026e7ca5e962d63ab5c3dc0bc711fee5adf84bc61ce7aae87e2a190955b7f3f18108334bfc2336ec5f2dfad47d3658d38ee7ccb31d26cfddb291dd4de17a3f33065100ffc0d88a6f117dba31d55784adcbc9127a7ec6fefc2f95b65a6811ee0c0d8e2b4c37abf0926f20b0e817680664f26b4f03bbfa51f2a406344abcc63eed2074a0709c7ddf2bddfa2ba901fb1dd16739b0c8bac9cf76752173d0fbf969a208ea09682b2903df22b23e6834072ec7ecaa4e3414887cf47b275ee9fe23f1f365299bc652a88602a13b7cd12e73afefd9326e1c36cc3507454557338b50f9b4e7b0a540a6d182758d4c98177cafb9e474d57053bef2b7f06e89238eaeb84d8fcbe9e640b442669f97477caea58a850098a836b05de08d554eb65430cdd2140c1261310735dd8b888160461b9bba8e7aa37d554fa921a4a13c720f52bb1dc4eaea27df8afd8d43a48a35fa73847fce0f3ee3c81a9397cccfdaccf65fc5384e068def890674e6e271f422c351167578ac5efd9badcc033a5592d3d387098885fa28d27f7d8668872f71d4841c67d13a6e6d76632bbf5fc122904f99cf171c17eb5c995d61a1af3037b2', '-----BEGIN CERTIFICATE REQUEST-----
MIIC7DCCAdQCAQAwSTEXMBUGA1UEAwwOTGFrZXNpZGUgUG93ZXIxFzAVBgNVBAoM
Dkxha2VzaWRlIFBvd2VyMRUwEwYDVQQLEwxTQU1MIHNpZ25pbmcwggEiMA0GCSqG
SIb3DQEBAQUAA4IBDwAwggEKAoIBAQC88cUpFAPaf++srCd4ZhtNGDXbNYP8pAOI
o3DQLEIyWSUkjFnmoZtuoZPyqVEurVCiDMdhO+n7EyQaskViFDY6ZkAhSdfXOFlH
MgPdzVq41hKylAoYTO4taxJkuq0ggfyRAKKTqSY7eCn0STvxiree3Nen4Y75t7NX
iNvQAlUZJ3EMeGOt9Soo0iTuLVIDU+H29JzHUS6l2vIQJn5KJ+VfpL7Boeh+8Qoz
OSMrcypRzJdnIYanFUAHJAsiywxgb1JpAYSN1bfqzmP4i6vX+q1btn5jXEsIOOnM
4lK/pkRnIzm5AM8wV9UxUeJCkRaaPu941ZOUwg9Ld+O9yHcQyuqtAgMBAAGgXjBc
BgkqhkiG9w0BCQ4xTzBNMA4GA1UdDwEB/wQEAwIHgDA7BgNVHREENDAyhjBodHRw
czovL2lkcC5leGFtcGxlL3NhbWwvbGFrZXNpZGUtcG93ZXIvbWV0YWRhdGEwDQYJ
KoZIhvcNAQELBQADggEBAHxlylMrrx7F3P4KADw0ZWKt9R0KESfdv1tVp+0CEF7p
7HPIT3z2fazhSmPoCM9fWaNLMSQ3+XBbBbMhWE9k+mmMRSurMvYuCZjMqK9gQsdC
9GD3suGJvknsJSixOEDFbWWKlQI6gYLx8+k3pupRkLlcmEeugwoEm68rd64uni/M
PmJxq4JdOBL6dEESR1qIirE1vZmizfukbKm5aFp8ZZb/PaTySpDt/5I+D1GbZZe6
B9kiVUSv5vzU9Kvh9nqLFHN2RbB6f2mx0UB/R8bPyU2YjHeIh571xMWHsaSQlHPf
Bwh3qjVuandOKjhde8VNrqAv2DJS5jrcpWMW5dKnhsQ=
-----END CERTIFICATE REQUEST-----
', '2026-11-26 01:29:07.161+00');

INSERT INTO public.metadata_fetches (id, biller_id, at, address, client, status, certificates, monitor) OVERRIDING SYSTEM VALUE VALUES (1, 'f904f1ec-b071-40c8-97ee-0929ad69d093', '2026-11-26 01:29:06.912+00', '127.0.0.1', '', 200, '{8322060bd32b633fd2e1596030f8daf19a86a11294ed3ffc1dc1509857681305}', false);

INSERT INTO public.portal_users (id, biller_id, email, email_key, password_hash, disabled, created_at) VALUES ('94fb22b1-d42a-4728-b7b8-35c6c4496c88', 'f904f1ec-b071-40c8-97ee-0929ad69d093', 'pat@example.com', 'pat@example.com', '$argon2id$v=19$m=19456,t=2,p=1$3c4qTB9ScSM+hmBshIMEGA$UyfREQm/8WrjfO/87poNmgaDEPgxHWGP3Xddq7f4hKc', false, '2026-11-26 01:29:06.831+00');

INSERT INTO public.rate_limits (key, points, expire) VALUES ('address:127.0.0.1', 1, '2026-11-26 01:44:07.211+00');

INSERT INTO public.sessions (id_hash, biller_id, user_id, session_index, authenticated_at, last_seen_at, expires_at, launched_accounts) VALUES ('\x46c9523c41bb0f501946c56f8de7d3f22de80122f5d4d4ae0651afd1921a5e28', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '94fb22b1-d42a-4728-b7b8-35c6c4496c88', '_92577d5501aee827333f01600e3b9287cb8d255d', '2026-11-26 01:29:07.392+00', '2026-11-26 01:29:07.392+00', '2026-11-26 09:29:07.392+00', '[]');

INSERT INTO public.sign_on_flows (id, secret_hash, biller_id, request, expires_at) VALUES ('Y8vW3DZ5bAAU-bRM', '\xa1f97a8203072df19101d61d45990a36dcac388617bc536443874c45b2d33007', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '{"acsUrl": "https://sp.example/acs", "isPassive": false, "requestId": "_592a8ad9c17c5a6187f5bc97bfdb2500dc1c28ac", "forceAuthn": false, "receivedAt": 1795656547289, "nameIdFormat": "emailAddress", "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}', '2026-11-26 01:44:07.304+00');

INSERT INTO public.sign_on_traces (reference, biller_id, at, trace) VALUES ('salmon-tidal-thread', 'f904f1ec-b071-40c8-97ee-0929ad69d093', '2026-11-26 01:29:07.466+00', '{"code": "issuer_unknown", "checks": [{"check": "Message is an AuthnRequest", "passed": true}, {"code": "issuer_unknown", "check": "Service Provider is known", "found": "\"https://other.example/metadata\"", "passed": false, "expected": "\"https://sp.example/metadata\""}, {"check": "Signature", "passed": true}, {"check": "ID", "passed": true}, {"check": "Assertion Consumer Service is registered", "passed": true}, {"check": "RelayState", "passed": true}, {"check": "IssueInstant", "passed": true}, {"check": "Version", "passed": true}, {"check": "Destination", "passed": true}, {"check": "ProtocolBinding", "passed": true}, {"check": "NameIDPolicy", "passed": true}, {"check": "RequestedAuthnContext", "passed": true}, {"check": "Subject", "passed": true}, {"check": "ForceAuthn and IsPassive", "passed": true}], "detail": "Issuer: expected \"https://sp.example/metadata\"; found \"https://other.example/metadata\"", "binding": "HTTP-Redirect", "message": ["samlp:AuthnRequest ID=\"_26e3ead09bac837aba63c27731d8f388ea8450d5\" Version=\"2.0\" IssueInstant=\"2026-11-26T01:29:07.460Z\"", "  saml:Issuer https://other.example/metadata"], "sentence": "The sign-on request comes from a service that is not registered for this biller."}');

INSERT INTO public.signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after, created_at, activated_at, module_label, state_since, hold_until) VALUES ('096fb7cf-df9e-454b-a322-0599f70c6f00', 'f904f1ec-b071-40c8-97ee-0929ad69d093', 'active', 'RSA-2048', 'MIIDmDCCAoCgAwIBAgIQeYtLdSbvRZ04a8uMAZ63ijANBgkqhkiG9w0BAQsFADBJMRcwFQYDVQQDDA5SaXZlcnRvbiBXYXRlcjEXMBUGA1UECgwOUml2ZXJ0b24gV2F0ZXIxFTATBgNVBAsTDFNBTUwgc2lnbmluZzAeFw0yNjExMjYwMTE5MDZaFw0yOTExMjYwMTI5MDZaMEkxFzAVBgNVBAMMDlJpdmVydG9uIFdhdGVyMRcwFQYDVQQKDA5SaXZlcnRvbiBXYXRlcjEVMBMGA1UECxMMU0FNTCBzaWduaW5nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmPwMdgUM023Ibrxe98sdNou756x6MuVsm9aPYToYuswvzh6kej06PvMOufLUNDXKWpj9BhSZlMkQMuTSvUM02H6UhKVDxPr2NYY9biRexsybONVu3rAE79AUGeDMUv281SKRVofCLwxNnoWPlgfpm7OCVzh9znsEwi4eXj3fiW5n+0AwsVY7Kv3p7tfbX5FCjF/z0fWQ7vqR7Lprusf4qXXV/k2gNGIopSLpOhZFJGYMovXnFqpeqj+ReR1kDViW6uz1gwHeKgWnSp6RkL1wEFpAO6hTTXSWXcjXBkT2eSCDa2PM3sI9C9LB1OpSmhWb+TMd3v4CYvmYtxazRigzVwIDAQABo3wwejAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAdBgNVHQ4EFgQUG+sUoIsehzezq4mQkF1HXSC6Oc0wOwYDVR0RBDQwMoYwaHR0cHM6Ly9pZHAuZXhhbXBsZS9zYW1sL3JpdmVydG9uLXdhdGVyL21ldGFkYXRhMA0GCSqGSIb3DQEBCwUAA4IBAQA2jPvVyXbGCYHCfBEjWYvu/epQ1w84SotB0/sdk/E86tN0zEYgK5K41lqf9L5oOdDPaDhLYoCRcR6JVmUboY+CiBA9YmkD1jCed5yprNAcz0B2MGa+XH4YVrdfAWAyjMjPIafxWIpeXKdxnInS+SPyDs+mFP/vyNMOdgPyEr4wbPhq0QuNdFSPzrM5yc5PTyXNbcjSyZTjMZz45rw3Z6k+bpUwiAwczkU1CiW98pX1+b/zhyiOnPAsfq3/AnqNcJb2SUBYovTZrNetT45/ZjfXFMBSNX3CnS6UVltt6mVhNP63U0udw46tgfHn/+Mj+EzS7pYLS1vIYDDpi4K9z8Ku', '8322060bd32b633fd2e1596030f8daf19a86a11294ed3ffc1dc1509857681305', '\x0144460598756abdaf2ad6ebc64987f4bdf3fe3de171c64d7730b3cd118856adbd3cea9874bc246265563a87d16939de9276e39daf85f081528b892e4359f4ee0ab46f2c1134b7e0997b014a9a81e58265261b44ece6552d0080b23037043d6cf935d43a78640c7b9412dfe355523ba7628e9c7e11fd0fe3bea9b35abf8d2721751786eb0a44860181a73ecf8c3c506c207c81355b8c5423ee8a0b37ad61289b7bb7991d55f02bd6426c36e9d9bc3d138509a4f390d53db254100e3c170abca53f3612e312c66ac254a45ebd5a5cdce47b81c9bdb0150989caa211aa45f46a0c720047f5df68108c49235942700937d3e8868843a00a49931dda4e8f47c7d2a2fd182b1463cc19ef2fcd4ffd2f8122d3be39dc7866069d3a2a05cd2edf707bda7579042ef782eb1792bfd1974e45a948ad195f1679bd6c650a7b2986552fa952388a693d5e3fb1401a684eff6e0080cca64ddaa221e08fdaba68e5e42c25d6337e77c09855d080ab21060ac7781d040f0760617c5e0fa110f0f509ec6ebbf89cf1e70737bccf9aff1e8e5a77a48e5b9ceb07528ecb9f3b32e5edda61a7c221b2e92d244d22378256816c4072d9c67136a5088ab21d0c2dfcc4924d4f60919cea5b633f87ee9c709ac3315fa7889ac50d694cfdd75e155beb6ee30439e84a6fa229e997eeca63234f852f008f028cac722ec3a99793aa0a7b05f50e3c11d396fa8d72bcb69e6ee7f92612b498834811c33bd92d1e6bbaafe6550f8923bd8976619bd7c5b0877f464c8410b1d391c315af31802c8063e5ffa1e78807267a45f0ab49bc3de6035a0a2293cf1b9b99a3dadf909eb57eecfcfee773ed48793948a9361a2efb6417ffdfb0dbba7a7517e6195ce4f5b41e513c649e6b08afb8d4dba0fb012fa0e082c39429a78a4c8360cd53a1961b20fd4db3d0b751f1b3f476899202ec2777d1bacaee28d80135610e5c5acbe6adcf8e9130f4fd1e21cade68aa1a593e9fd7d5623b390f52e6f82ea21d6b8eeecee14e3a75fa64ce6d8cd1eb3a77d93c5c34bddc0193909dbf1ad751d177acbcedf6988920dfe0ec385f2a6cb6336d573484453cb4bb59c3bde64cc82da2a7e9cb841f2749089d54d1fac6edda64dd216509988850c0f159f4cdff36f9515d67092315b128df6f9d8f4974ecb17eafb7544f63c77976fb171843cb4bed2ba20d65ff79619208be8fdd27c68414d560dcf43e31e5d1c648bc53bde9e37d4aab1ec3fcac0a0cb2ee8e51a8bf5a1929ebc167f4199fecf66795aa162d033ef97ba37193c236f0296f5b6255108c9ec0d8d5acf248c7bdd55a68dae17e76c17fab0d971e28c212dc310ce646087043404432822b7997500952d8c14ed7b9d8795e2b9188b62b96915a8e5a6185098a6be608fe834ddd0e5092c8b1bbcf22441a9327899eaab7c1d94251e01bdcb6392cad0d0fcaab9639d346c9b847762d958aa2b6b053d615507b2448f3d08f2d351e89eec64ffc37fb8d4e759fd745fc996e03c697f0997505617ee6c9045d977541fbea5b322171218a6b5f184ee5d900e1a0701b8714ff7567e1e9505cf5cb30e7c3639075df1cb70193be05528277c2d64764bcf389266e64c97bcf588ca32ac716ecb81236ee077a8a6a4eadb40cacc621a1a50d57b6e5f6c17e3f52b245ec60b219398fe6de71edfcfb002c3b68a28c14adc8facb774c13e5c8e58a68c567897a3449b35eb37d3236a02d26781352be7580f14aff9b3708e3163b5801cc8f', '2026-11-26 01:19:06+00', '2029-11-26 01:29:06+00', '2026-11-26 01:29:06.692+00', '2026-11-26 01:29:06.692+00', NULL, '2026-11-26 01:29:06.692+00', NULL);
INSERT INTO public.signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after, created_at, activated_at, module_label, state_since, hold_until) VALUES ('cb6a3a89-9b6e-4f66-9cc7-fe36edea1e81', '2da2b822-c8fb-4758-a7c8-0a190f7b5a69', 'active', 'EC-P256', 'MIICDTCCAbKgAwIBAgIQVa+vrSJAOItdHkGhy74uojAKBggqhkjOPQQDAjBJMRcwFQYDVQQDDA5MYWtlc2lkZSBQb3dlcjEXMBUGA1UECgwOTGFrZXNpZGUgUG93ZXIxFTATBgNVBAsTDFNBTUwgc2lnbmluZzAeFw0yNjExMjYwMTE5MDZaFw0yOTExMjYwMTI5MDZaMEkxFzAVBgNVBAMMDkxha2VzaWRlIFBvd2VyMRcwFQYDVQQKDA5MYWtlc2lkZSBQb3dlcjEVMBMGA1UECxMMU0FNTCBzaWduaW5nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHohSrnnM6QHbKTR7b6UIbH3mDkT5QXbq1FBZbcgdwo5S0sqpwGko2UiVRYAGx/RluTztS8GZgDOwc+xu2mUQY6N8MHowDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwHQYDVR0OBBYEFDyNCZd4EXEYlvQfSnMrpCoKEfBsMDsGA1UdEQQ0MDKGMGh0dHBzOi8vaWRwLmV4YW1wbGUvc2FtbC9sYWtlc2lkZS1wb3dlci9tZXRhZGF0YTAKBggqhkjOPQQDAgNJADBGAiEAirRo4EggyDQKe0+dWko5+hA7KKK5FEtLTvaujBYRp70CIQCVi+1cc5VUnOI4pXY7JPyMlU7EVPTUTetueLNAdQ33ig==', '2f6ee470bfe3e35597960ee01abdf9956ca4b95eab908a654b46832e638a2c5a', '\x01015832fd96f8b05379fa50b2b3b8818343bf7806eccfe2ea6bf8354f80a4915f638833e323625d9adb17cf98dba758a4d66801181b340fc1705e1cf53366e7a65b0179a00ddf135eee6049edb36b18b49825a6601816128dff791b32f05ffcec414213eff17863003dc7f32e965c601a8bf730ad00f637d59c17b11ad22cc6c2d7601730ffa2c9ef937a93dac449058a574d54f5322cca6f3567fdb8005c5e05ee3ccb705c83', '2026-11-26 01:19:06+00', '2029-11-26 01:29:06+00', '2026-11-26 01:29:06.864+00', '2026-11-26 01:29:06.864+00', NULL, '2026-11-26 01:29:06.864+00', NULL);
INSERT INTO public.signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after, created_at, activated_at, module_label, state_since, hold_until) VALUES ('5730ee86-c8cf-4c45-99a5-4538d74c6342', 'f904f1ec-b071-40c8-97ee-0929ad69d093', 'staged', 'RSA-2048', 'MIIDmDCCAoCgAwIBAgIQU+sNEyzBdKk/2+HYYCVAQTANBgkqhkiG9w0BAQsFADBJMRcwFQYDVQQDDA5SaXZlcnRvbiBXYXRlcjEXMBUGA1UECgwOUml2ZXJ0b24gV2F0ZXIxFTATBgNVBAsTDFNBTUwgc2lnbmluZzAeFw0yNjExMjYwMTE5MDdaFw0yOTExMjYwMTI5MDdaMEkxFzAVBgNVBAMMDlJpdmVydG9uIFdhdGVyMRcwFQYDVQQKDA5SaXZlcnRvbiBXYXRlcjEVMBMGA1UECxMMU0FNTCBzaWduaW5nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4Ptz0KISLS58Mgof7r8pH7/R7SHvy+xGOLdzF94NwBtUzAMMOAtLQ5vyJWYi/M7WpEx4UGR9SMk0Qfj59xjHDywUkHAgtOfnFwM3zO0KPk+lMjdbTwzB4BOdiK+CHPyjE3v1dY4VQ28h27baRXc3W9Sau+uukykmPnsxln3EZ2Vf0WtTxYKOwizGAcJF1cbpeWtTQ4FqkSCBr3YAeBe8qEl9KUVCZT2ktoJgM58g7jqU6UObW53Wj5cukAgD/7Bq7wtxcs2QWdfzibpcbgkHirhrCFIq/I4gZ81EwzdL3TKX27gHBVvBU2jrGcxNFnjyE8DB3jEq6ju/j4d/rRMaQwIDAQABo3wwejAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAdBgNVHQ4EFgQUHgaM2LhpzjIU5s54tFVPz68tpoIwOwYDVR0RBDQwMoYwaHR0cHM6Ly9pZHAuZXhhbXBsZS9zYW1sL3JpdmVydG9uLXdhdGVyL21ldGFkYXRhMA0GCSqGSIb3DQEBCwUAA4IBAQBqOfE7yf2Wye9wJDSs2ul/ByoElOxGMOTsr8t/Faro9cB5HV0knvNk9dRWsI2DCpklkYcAIODWU6qNNIkUiCUbRfvPcQERxlWWfwOja4VSzOPwLJEs+lQU2CQsNOdFFeOwL27DDRLcbg0nt45gVbVBax6EDkfC/XY6+yzQYcCaUYMV3b3vCEpyqnyOWGjaO6KdfZF0Bwie8DLbeBbo+aSA7vK7Dp+PRgi5/CXiRASYKa1SAPoahjb3VEdW03QnyjU4R7bSzXP/PmsEIWSKv3dkf6dqKrjC1wFl200isy9wQNwVlRK8wKr2UiFiBpr/APPwKYq8f0/uKaM/lbJoah6W', 'fc4184137ec111272649599f6f6ae1f29e6f404e4e90da26484750df0efc3dad', '\x01bdc05a9be5e2dc95a52a28045a8988bb49abf55ea3dbded5a1c5683fa9dd81c392009341ab8bdeccba37d656968e535d75d3688909ba900f6028b27bdc1566cc78afcb6a7f3d0176d630692167bd23d0f37b5416f91b2f3d951d746639cf5595d8cad8474f7cfe3792309aea65992747f92d6206484cb346903646fbfb3eb2c625d62d6ffde90c24b8e928ccf8edb5ce94ce812889ba2d2f825ebf5761f5dfc6378d5c94973b59589e727020dd2a74515872be19a63ee465477caf55b970a4aab0d9358e66c55013b36ad1845586e7e7427dcd7484be84f55cdeefb025e2349812f7789a4d662ac14d70ab497da23e11a62078ec875f96dbcf8df7bb59ae96472bb4b8b1c9d78de04a7ee3e02c467cc14fceacb20493751057fbe2fef762552c7c8e75e5048012a74bf9f92b366d6830c046da2868bfd658b2917ecfb457a0066d1312cbb1085baa5afb2afcf9ceeca63e689ef42d783eb370ac31b81fa5b4b46f90648b829666d92da7810678374dda2c0786b794e81c5dee313e8bbdf4eba7750b301309fee4e0e111567d66a82ba368d1962212045288c42130237b26c7bb9cc6d1df957c69f70e170962bb41edaeaf83a1bbdec30d0df0b668083382efdb397dcfa8d439a6b31a35717a1f7ee8a5e3270a890487fb072ab1dd93c8882c9124ac9758677e853a09d97f73a7a82a9951f645ebe20821085d46a32b0c2ab4f33c8ee2102ebc55a0ead8141cfd7d0b84172070deddd56d6ea5974fbad741c6570b47e7626f9d2f4569b6be1613e0e3689c93cd021bd3cd4a6b63f4265d895fb0e92a7aca441de3d8123a6bc8e45167ba95f1c61cadf606d6a8ffa0478302e29fbc61fef3d2633192ccbd10020417921473df0ac9f3dbfe81aa8c2e6a4b02b5205d1391d3bdbad1c1812f6c5a0f71bbf3bf1d2f22296a90b595fe024d2e2bb02c790bf40d1d809419f07a5ede1089692ee45de7e8057970ff706a631c110214f12da7d60be585409f87d24c370200965f17aea62af84493da8937de23efb76aea7db86475063fa70c446e97c91600b5cd20c6674c2156527be78586c2de04c7d12d1469dc01f5b38513c942c9dba0549032396cc1cc0171fe60c8e6e4e97267e0c02dfe51256956eb32f1a6572ecf1c7faa3ce61c73d70ef98018f9a39b46f05cbe21b7591b27f25d7bb85f8c35ab37fbfc0801911a84f9dadce1f1b022913ae107553929d029bde032b809b6793ecf6ed7a53eafec0e767ce1e3cc47c730f40aec444780738a19a4d0f1a4023b24579794825c02fafe4e23030ec017d56374803832d68cfb41c8568412b5bdd54d79e4ffcd1b848cec6f24c7c4d952b8300b8f257d8b79d5b32294667669eb37895fa2312265e85a2f294e9fedc7adccd4d73e33f0a9f88a2d8b1277753ae2e1745ca6c7ad1d2449e22562337c22144b64a450548ecbf81562b586f013888dbbb935d3dc3554ba9dfe0b14c2539605dac0d865746e80b566220df4ace3a6e799ff3ab72d9e21dad9760ecf81b730000c92a4d15c0cde7d8ab2a6126a05d085c319d397b351a1bd6245d0b6fba5150ebc7cc6090adc263bbf6cb206a93e9c6763f4905141a7999995af188000050804755e39e974d0c7658c98efdbbdcb202ac0de7542e2df830027802242dc46431ee00c70aa11bbdae4b472d6a265f9cff840a6502d382dbb7d3dc14f24085de3ac7b822c2227ab64c74407a2d9a6ca4b67a3011379937d80229de50362ae4269541d', '2026-11-26 01:19:07+00', '2029-11-26 01:29:07+00', '2026-11-26 01:29:07.093+00', NULL, NULL, '2026-11-26 01:29:07.093+00', NULL);

SELECT pg_catalog.setval('drizzle.__drizzle_migrations_id_seq', 5, true);

SELECT pg_catalog.setval('public.audit_events_id_seq', 11, true);

SELECT pg_catalog.setval('public.metadata_fetches_id_seq', 1, true);

ALTER TABLE ONLY drizzle.__drizzle_migrations
    ADD CONSTRAINT __drizzle_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_user_id_number_pk PRIMARY KEY (user_id, number);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billers
    ADD CONSTRAINT billers_biller_guid_unique UNIQUE (biller_guid);

ALTER TABLE ONLY public.billers
    ADD CONSTRAINT billers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billers
    ADD CONSTRAINT billers_slug_unique UNIQUE (slug);

ALTER TABLE ONLY public.expiry_warnings
    ADD CONSTRAINT expiry_warnings_key_id_days_pk PRIMARY KEY (key_id, days);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.key_requests
    ADD CONSTRAINT key_requests_biller_id_unique UNIQUE (biller_id);

ALTER TABLE ONLY public.key_requests
    ADD CONSTRAINT key_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.metadata_fetches
    ADD CONSTRAINT metadata_fetches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.one_time_metadata
    ADD CONSTRAINT one_time_metadata_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.portal_users
    ADD CONSTRAINT portal_users_email UNIQUE (biller_id, email_key);

ALTER TABLE ONLY public.portal_users
    ADD CONSTRAINT portal_users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.sign_on_flows
    ADD CONSTRAINT sign_on_flows_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sign_on_traces
    ADD CONSTRAINT sign_on_traces_pkey PRIMARY KEY (reference);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

CREATE INDEX audit_events_assertion ON public.audit_events USING btree (assertion_id) WHERE (assertion_id IS NOT NULL);

CREATE INDEX audit_events_at ON public.audit_events USING btree (at);

CREATE INDEX audit_events_biller ON public.audit_events USING btree (biller_id, id);

CREATE INDEX audit_events_email ON public.audit_events USING btree (email_hash, id);

CREATE INDEX audit_events_event ON public.audit_events USING btree (event, id) WHERE (event <> 'assertion.issued'::text);

CREATE INDEX audit_events_reference ON public.audit_events USING btree (reference);

CREATE INDEX audit_events_request ON public.audit_events USING btree (request_id) WHERE (request_id IS NOT NULL);

CREATE INDEX audit_events_user ON public.audit_events USING btree (user_id, id);

CREATE INDEX expiry_warnings_waiting ON public.expiry_warnings USING btree (next_attempt) WHERE (delivery = 'waiting'::text);

CREATE INDEX metadata_fetches_at ON public.metadata_fetches USING btree (at);

CREATE INDEX metadata_fetches_biller ON public.metadata_fetches USING btree (biller_id, at);

CREATE UNIQUE INDEX one_active_key_per_biller ON public.signing_keys USING btree (biller_id) WHERE (state = 'active'::text);

CREATE UNIQUE INDEX one_assertion_per_request ON public.audit_events USING btree (biller_id, request_id) WHERE ((event = 'assertion.issued'::text) AND (request_id IS NOT NULL));

CREATE UNIQUE INDEX one_retiring_key_per_biller ON public.signing_keys USING btree (biller_id) WHERE (state = 'retiring'::text);

CREATE UNIQUE INDEX one_staged_key_per_biller ON public.signing_keys USING btree (biller_id) WHERE (state = 'staged'::text);

CREATE INDEX sessions_expires ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id);

CREATE INDEX sign_on_flows_expires ON public.sign_on_flows USING btree (expires_at);

CREATE INDEX sign_on_traces_at ON public.sign_on_traces USING btree (at);

CREATE INDEX signing_keys_biller ON public.signing_keys USING btree (biller_id);

CREATE TRIGGER billers_changed AFTER INSERT OR DELETE OR UPDATE ON public.billers FOR EACH ROW EXECUTE FUNCTION public.notify_biller_changed();

CREATE TRIGGER signing_keys_changed AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION public.notify_biller_changed();

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_user_id_portal_users_id_fk FOREIGN KEY (user_id) REFERENCES public.portal_users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.expiry_warnings
    ADD CONSTRAINT expiry_warnings_key_id_signing_keys_id_fk FOREIGN KEY (key_id) REFERENCES public.signing_keys(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.key_requests
    ADD CONSTRAINT key_requests_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.metadata_fetches
    ADD CONSTRAINT metadata_fetches_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.one_time_metadata
    ADD CONSTRAINT one_time_metadata_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.one_time_metadata
    ADD CONSTRAINT one_time_metadata_key_id_signing_keys_id_fk FOREIGN KEY (key_id) REFERENCES public.signing_keys(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.portal_users
    ADD CONSTRAINT portal_users_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_portal_users_id_fk FOREIGN KEY (user_id) REFERENCES public.portal_users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_on_flows
    ADD CONSTRAINT sign_on_flows_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_on_traces
    ADD CONSTRAINT sign_on_traces_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_biller_id_billers_id_fk FOREIGN KEY (biller_id) REFERENCES public.billers(id) ON DELETE CASCADE;
