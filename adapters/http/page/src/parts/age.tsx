/** How long ago something was; counts on by itself. The exact time is said on demand. */
import { nowMs } from '../state/store.ts';
import { ageOf, clockTime } from '../state/words.ts';

/** `say` puts the age into words: "for 5 min". */
export const Age = ({ of, say }: { readonly of: string; readonly say?: (age: string) => string }) => {
  const age = ageOf(of, nowMs.value);
  return (
    <time class="age" dateTime={of} title={clockTime(of, nowMs.value)}>
      {say === undefined ? age : say(age)}
    </time>
  );
};

export const Clock = ({ at }: { readonly at: string }) => (
  <time class="age" dateTime={at} title={at}>
    {clockTime(at, nowMs.value)}
  </time>
);
