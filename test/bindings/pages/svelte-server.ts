import { render as renderComponent } from 'svelte/server';
import type { Given } from '../support/binding.js';
import Server from './server.svelte';

export const render = (given: Given): string => renderComponent(Server, { props: { given } }).body;
