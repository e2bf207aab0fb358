import { formatPosition, type SubscribeTarget } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { Subscription } from '../connections/subscription.js';
import type { Payer } from '../timing/request-budget.js';
import type { CatchUp } from './catch-up.js';
import type { ChannelStream } from './channel-stream.js';
import type { Feeds } from './feeds.js';
import type { Attachment } from './open-channel.js';
import type { ReplayAdmission, ReplayGrant } from './replay-admission.js';

/** Start of a new subscription. @default live events only */
export type AttachFrom = Pick<SubscribeTarget, 'lastEventId' | 'last' | 'state'>;

type Beginning = Omit<Attachment, 'start'>;

/** Starts a new subscription: resumes it, or rewinds it if the client did not ask for a resume or it failed. */
export class Joins {
  constructor(
    private readonly feeds: Feeds,
    private readonly admission: ReplayAdmission,
    private readonly limits: ReadLimits,
  ) {}

  /** @param last number of kept events to send first, unless it resumes: 0 if the client cannot read them; `undefined` without a rewind */
  async join(
    payer: Payer,
    subscription: Subscription,
    stream: ChannelStream,
    resume: ReplayGrant | null,
    last: number | undefined,
  ): Promise<Attachment> {
    const catchUp = this.feeds.catchUp(subscription, stream, resume?.after ?? stream.position);
    const beginning = await this.resume(catchUp, stream, resume);
    if (subscription.state && beginning.recovered !== true) {
      // Without a position: a client that has not received the state cannot resume.
      const { lastEventId: _none, ...answer } = beginning;
      return { ...answer, state: true, start: () => this.feeds.sendState(subscription) };
    }
    const rewound =
      last === undefined || beginning.recovered === true ? {} : await this.rewind(payer, catchUp, stream, last);
    // The reason of a failed resume overrides that of a rewind.
    return { ...rewound, ...beginning, ...positionOf(rewound, beginning), start: () => catchUp.start() };
  }

  private async resume(catchUp: CatchUp, stream: ChannelStream, resume: ReplayGrant | null): Promise<Beginning> {
    const here = stream.position === null ? {} : { lastEventId: formatPosition(stream.position) };
    if (resume === null) return here;
    if (resume.after === null) return { recovered: false, ...here, reason: resume.refusal! };
    const missed = await catchUp.recover();
    resume.settle(missed.ok ? missed.frames : []);
    if (missed.ok) return { recovered: true, lastEventId: formatPosition(resume.after) };
    return { recovered: false, reason: missed.reason, lastEventId: formatPosition(missed.top) };
  }

  private async rewind(payer: Payer, catchUp: CatchUp, stream: ChannelStream, last: number): Promise<Beginning> {
    const count = Math.min(last, this.limits.maxEvents);
    if (count === 0 || stream.position === null) return { rewound: 0 };
    const grant = await this.admission.rewind(payer, stream, stream.position, count);
    if (grant === null) return { rewound: 0, reason: 'replay_limit' };
    const { frames, from } = await catchUp.rewind(count);
    grant.settle(frames);
    return { rewound: frames.length, lastEventId: formatPosition(from) };
  }
}

/** Returns the position from which the client resumes if it is disconnected before the first event. */
function positionOf(rewound: Beginning, beginning: Beginning): Pick<Beginning, 'lastEventId'> {
  const lastEventId = rewound.lastEventId ?? beginning.lastEventId;
  return lastEventId === undefined ? {} : { lastEventId };
}
