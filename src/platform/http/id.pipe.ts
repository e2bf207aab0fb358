import { Injectable, NotFoundException, type PipeTransform } from '@nestjs/common';

/** An id out of a path; one that no row can have is answered as any other that is not there. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!/^[\w.@-]{1,64}$/.test(value)) throw new NotFoundException('Id not found');
    return value;
  }
}
