import { Module } from '@nestjs/common';
import { HealthModule } from '../health/health.module.js';
import { SystemService } from './system.service.js';

@Module({ imports: [HealthModule], providers: [SystemService] })
export class SystemModule {}
