import { Injectable, NotFoundException, type PipeTransform } from '@nestjs/common';

/** Validates an id in a path. An id that no row can have gets the same 404 as an unknown one. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!/^[\w.@-]{1,64}$/.test(value)) throw new NotFoundException('Id not found');
    return value;
  }
}
