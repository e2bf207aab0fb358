import { describeBinding } from './support/suite.js';
import { vue } from './support/vue.js';

describeBinding('Vue', () => vue);
