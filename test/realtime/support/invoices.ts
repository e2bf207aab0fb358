import { Exclude, Expose, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';

declare module '../../../src/protocol/events.js' {
  interface RealtimeEvents {
    [ofATeam: `teams:${string}:invoice`]: { readonly id: string };
    'teams:all': { readonly id: string };
  }
}

class Line {
  @IsString()
  text!: string;

  @IsInt()
  @Expose({ groups: ['admin', 'billing'] })
  price!: number;
}

/** An event with restricted fields. */
export class Invoice {
  @IsString()
  id!: string;

  @IsString()
  @Expose({ groups: ['billing'] })
  iban!: string;

  @IsOptional()
  @IsString()
  @Expose({ groups: ['members'] })
  comment?: string;

  @Exclude()
  internal?: string;

  @ValidateNested()
  @Type(() => Line)
  lines!: Line[];
}

export const CHANNEL = 'teams:1:invoice';
export const invoice = (id: string) => ({
  id,
  iban: 'of billing',
  comment: 'of members',
  internal: 'of nobody',
  lines: [{ text: 'x'.repeat(1_500), price: 77_777 }], // long enough to be compressed
});
/** Values that a client must not receive unless it has one of these groups. */
export const SECRETS = [
  ['of billing', ['billing']],
  ['of members', ['members']],
  ['of nobody', []],
  ['77777', ['admin', 'billing']],
] as const;
