import { button, byId, element } from './dom.js';

/** Applications: create, deploy, delete. */
export class AppsPanel {
  /** @param act runs what a click asks for, and tells what went wrong */
  constructor(api, act) {
    this.api = api;
    this.act = act;
    byId('app-form').onsubmit = act(async (form) => {
      await api.post('/apps', { name: form.elements.name.value.trim() });
      form.reset();
    });
  }

  async load() {
    const apps = await this.api.get('/apps');
    byId('apps').replaceChildren(...apps.map((app) => this.#item(app)));
  }

  #item({ id, name, status }) {
    const deploy = this.act(() => this.api.post(`/apps/${id}/deploy`, { fail: byId('let-it-fail').checked }));
    const remove = this.act(() => this.api.request('DELETE', `/apps/${id}`));
    const disabled = status === 'deploying';
    return element(
      'li',
      { className: 'item', 'data-app': name },
      element('span', { className: 'name' }, name),
      element('span', { className: 'status', 'data-status': status }, status),
      element(
        'span',
        { className: 'buttons' },
        button('Deploy', deploy, { disabled, 'aria-label': `Deploy ${name}` }),
        button('Delete', remove, { disabled, 'aria-label': `Delete ${name}` }),
      ),
    );
  }
}
