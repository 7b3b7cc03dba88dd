/** Asking for an action oneself. It is proposed like any other, and waits for a yes like any other. */
import { useState } from 'preact/hooks';
import { actionRules } from '../../../../../contracts/action-rules.table.ts';
import { Panel } from '../parts/panel.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { ask } from '../state/decisions.ts';
import { isLive, mayDecide } from '../state/store.ts';
import { texts } from '../texts.ts';

const t = texts.action;
type Askable = keyof typeof t.askPress;
const askable = Object.keys(t.askPress) as readonly Askable[];

export const AskPanel = ({ node, service }: { readonly node: string; readonly service: string | null }) => {
  const [type, setType] = useState<Askable | null>(null);
  const [reason, setReason] = useState('');
  const close = (): void => setType(null);
  if (!mayDecide.value) return null;
  const fitting = askable.filter((each) => (actionRules[each].service === 'none') === (service === null) && actionRules[each].unsupported === null);
  return (
    <Panel title={t.ask} note={t.askNote}>
      <div class="button-row">
        {fitting.map((each) => (
          <button key={each} type="button" disabled={!isLive.value} onClick={() => setType(each)}>
            {t.askPress[each]}…
          </button>
        ))}
      </div>
      {type === null ? null : (
        <Sheet title={t.phrase[type](service === null ? node : texts.on(service, node))} onClose={close}>
          <p class="evidence">{t.effect[type]}</p>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              close();
              ask({ type, node, service }, reason);
            }}
          >
            <label class="field">
              <span>{t.askReason}</span>
              <input type="text" value={reason} maxLength={400} autoComplete="off" onInput={(event) => setReason(event.currentTarget.value)} />
            </label>
            <div class="sheet-buttons">
              <button type="button" onClick={close}>
                {t.notNow}
              </button>
              <button type="submit" class="primary">
                {t.askSend}
              </button>
            </div>
          </form>
        </Sheet>
      )}
    </Panel>
  );
};
