-- A vacancy without a country is under the rules of its company's: when that changes, ads for clients that are not named pause as
-- they do when a verification ends.

drop trigger companies_pause_confidential on companies;
create trigger companies_pause_confidential after update on companies for each row
    when ((new.verified_at is null or new.kind <> 'agency')
        and (old.verified_at is not null or old.kind <> new.kind or old.country is distinct from new.country))
    execute function companies_pause_confidential();
comment on function companies_pause_confidential() is
    'Ads for clients that are not named pause when their company is no verified agency (any more) and they are under the rules of a '
    'country that asks for one; it may publish them again when it is.';
