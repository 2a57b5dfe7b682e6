import { Routing, targetOf } from '../dist/route/routing.js';
import { prioritiesOf } from '../dist/route/selector.js';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';

const routing = new Routing(
  [
    { priorities: prioritiesOf('err,crit'), target: targetOf('errors') },
    { priorities: prioritiesOf('local0'), target: targetOf('{facility}.{hostname}.{tag}.{proc_id}.{msg_id}') },
    { priorities: prioritiesOf('data'), target: targetOf('bad.{address}') },
  ],
  targetOf('logs.{severity}.{hostname}.{app_name}'),
);

/** Where a message goes; throws if a part of it made another name than that of its target. */
export function routed(message: SyslogMessage): readonly string[] {
  const names = routing.targetsOf(message);
  for (const name of names) {
    const known = /^(errors|local0(\.[\w-]{1,255}){4}|bad\.[\w-]+|logs(\.[\w-]{1,255}){3})$/.test(name);
    if (!known) throw new Error(`a message made the name ${JSON.stringify(name)}`);
  }
  return names;
}
