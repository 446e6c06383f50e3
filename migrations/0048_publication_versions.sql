-- Every change of a publication has an event of its own: an UPDATE that keeps the version is refused, so no column can
-- disagree with the journal until verify finds it.

CREATE TRIGGER publications_change_has_version BEFORE UPDATE ON publications
    FOR EACH ROW WHEN (NEW.version = OLD.version) EXECUTE FUNCTION refuse_change();
ALTER TABLE publications ENABLE ALWAYS TRIGGER publications_change_has_version;
