import { createRealtimePlugin } from 'nestjs-realtime-client/vue';
import { createApp } from 'vue';
import App from './App.vue';
import { client } from './realtime';

createApp(App).use(createRealtimePlugin(client)).mount('#app');
