import { Exclude, Expose, Type } from 'class-transformer';

class Card {
  title!: string;

  @Expose({ groups: ['admin'] })
  salary?: string;

  @Exclude()
  hash?: string;
}

/** A state with fields for some roles. */
export class Restricted {
  name!: string;

  @Type(() => Card)
  cards!: Map<string, Card>;

  @Expose({ groups: ['admin'] })
  budget?: { limit: string };
}

/** A state whose fields are for all. Its clients resume with patches. */
export class Open {
  name!: string;
}
