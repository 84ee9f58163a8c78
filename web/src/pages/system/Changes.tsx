import type { FieldChange } from '../../api/model';
import { byRecord, fieldLabel, fieldWords, isNothing } from './changes';

/** What a revision changed, record by record. */
export function Changes({ changes }: { changes: readonly FieldChange[] }) {
  return (
    <>
      {byRecord(changes).map(({ record, what, fields }) => (
        <section key={record} class="changes">
          <h3>
            <code>{record}</code> was {what}
          </h3>
          <dl>
            {fields.map((change) => (
              <Field key={change.field} change={change} />
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}

function Field({ change }: { change: FieldChange }) {
  return (
    <div>
      <dt>{fieldLabel(change.field)}</dt>
      <dd>
        {!isNothing(change.before) && <del>{fieldWords(change.before)}</del>} <ins>{fieldWords(change.after)}</ins>
      </dd>
    </div>
  );
}
