-- Every instance keeps billers and signing keys in memory; this notifies them which biller to reload.
CREATE FUNCTION notify_biller_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
  PERFORM pg_notify('biller_changed', CASE TG_TABLE_NAME WHEN 'billers' THEN to_jsonb(changed) ->> 'id' ELSE to_jsonb(changed) ->> 'biller_id' END);
  RETURN NULL;
END
$$;

CREATE TRIGGER billers_changed AFTER INSERT OR UPDATE OR DELETE ON billers FOR EACH ROW EXECUTE FUNCTION notify_biller_changed();

CREATE TRIGGER signing_keys_changed AFTER INSERT OR UPDATE OR DELETE ON signing_keys FOR EACH ROW EXECUTE FUNCTION notify_biller_changed();
